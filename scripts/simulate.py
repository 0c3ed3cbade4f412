"""simulate: one band of the simulated field, its mask and its true PSF."""

from swath.config.simulate import Simulate
from swath.jobs import job
from swath.simulate.field import write_band

with job(snakemake) as task:
    write_band(
        Simulate(**task.params.settings),
        task.params.bands,
        task.wildcards.band,
        task.params.sky_model != "off",
        task.output.image,
        task.output.mask,
        task.output.psf,
    )
