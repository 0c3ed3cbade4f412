"""test_field: the table of bounds in the log; exit code 1 and a sentence for each that is missed."""

from swath.jobs import job
from swath.truth.tell import tell

with job(snakemake) as task:
    tell(task.input.verdict)
