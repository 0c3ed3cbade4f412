"""verify: compare every file with its record, and say how to put right what has changed."""

from swath.jobs import job
from swath.provenance.audit import audit

with job(snakemake) as task:
    audit(task.params.tiles, task.params.options, task.params.cores, task.log[0])
