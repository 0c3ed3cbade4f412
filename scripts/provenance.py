"""provenance: print all that went into one source or one file."""

from swath.jobs import job
from swath.provenance.tell import tell

with job(snakemake) as task:
    print(tell(list(task.params.tiles), **task.params.about))
