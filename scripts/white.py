"""white: the inverse-variance weighted stack of all bands."""

from swath.frames.white import make_white
from swath.jobs import job

with job(snakemake) as task:
    make_white(task.input.frames, task.output.white, task.params.crop)
