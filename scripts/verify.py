"""verify: compare every file with its record, and say how to rebuild what has changed."""

from swath.jobs import job
from swath.provenance.audit import audit

with job(snakemake) as task:
    audit(task.params.tiles, task.params.options, task.params.cores)
