"""stamps: data, model and residual of a patch's sources, as one image."""

from swath.config.fit import Fit
from swath.explore.stamps import make_stamps
from swath.jobs import job

with job(snakemake) as task:
    make_stamps(
        task.input.payload,
        task.input.fit,
        task.output.sheet,
        task.output.index,
        Fit(**task.params.fit),
        task.params.side,
        tuple(zip(task.input.added_payload, task.input.added_fit, strict=True)),
    )
