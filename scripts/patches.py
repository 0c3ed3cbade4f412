"""patches: the patch table, and the hub with all that the payload jobs need."""

from swath.config.fit import Patches
from swath.jobs import job
from swath.patches.build import build_patches
from swath.provenance.records import recorded

with job(snakemake) as task:
    plan = task.params.plan
    build_patches(
        task.input.sources,
        dict(zip(plan["bands"], (recorded(record, ".fits") for record in task.input.frames), strict=True)),
        plan,
        Patches(**task.params.settings),
        task.params.psf_size,
        task.output.table,
        task.output.hub,
        task.output.sources,
    )
