"""batches: the selected observations, split between jobs."""

from swath.archive.batches import split
from swath.jobs import job

with job(snakemake) as task:
    split(task.input.observations, task.input.urls, list(task.output.batches), list(task.output.links))
