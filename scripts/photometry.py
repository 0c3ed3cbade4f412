"""photometry: every planned exposure of every target in one table."""

from swath.jobs import job
from swath.photometry.gather import gather

with job(snakemake) as task:
    gather(task.input.batches, task.output.parquet, task.output.ecsv, task.params.max_failed_fraction)
