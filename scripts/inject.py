"""inject: the verdict on the user's own field, in the log."""

from swath.inject.verdict import tell
from swath.jobs import job

with job(snakemake) as task:
    tell(task.input.verdict, task.input.summary, task.input.figure)
