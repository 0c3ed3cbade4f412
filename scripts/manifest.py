"""manifest: every product of the tile with its checksums, code and parameters."""

from swath.jobs import job
from swath.provenance.history import Asked
from swath.provenance.manifest import write_manifest

with job(snakemake) as task:
    write_manifest(task.output.manifest, Asked.by_lists(**task.params.parts, products=task.input))
