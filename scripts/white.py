"""white: the inverse-variance weighted stack of all bands."""

from swath.config.images import White
from swath.frames.white import make_white
from swath.jobs import job

with job(snakemake) as task:
    settings = White(**task.params.settings)
    make_white(
        task.input.frames, task.output.white, task.params.crop, settings.chunk_rows, settings.preview_downsample
    )
