"""compare_patch: one patch fitted by both engines."""

from pathlib import Path

from swath.compare.patch import compare_patch
from swath.config.fit import Fit
from swath.jobs import job

with job(snakemake) as task:
    compare_patch(
        task.input.payload,
        Path(task.output.comparison),
        Path(task.output.cost),
        Fit(**task.params.settings),
        task.params.sky_model,
    )
