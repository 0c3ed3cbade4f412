"""fit: all sources of one patch, in all bands."""

from swath.config.fit import Fit
from swath.fit.job import fit_patch
from swath.jobs import job

with job(snakemake) as task:
    fit_patch(task.input.payload, task.output.fit, Fit(**task.params.settings), task.params.sky_model)
