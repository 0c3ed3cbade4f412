"""inject: the verdict on the user's own field in the log; exit code 1 and a sentence for each bound that is missed."""

from swath.inject.words import tell
from swath.jobs import job

with job(snakemake) as task:
    tell(task.input.verdict, task.input.summary, task.input.figure)
