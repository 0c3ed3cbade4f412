"""hub_added: the hub of the patches once more, with the added bands in the place of the fitted ones."""

from swath.files import read_json, write_json
from swath.jobs import job
from swath.patches.hub import hub_bands
from swath.provenance.records import recorded

with job(snakemake) as task:
    frames = dict(zip(task.params.bands, (recorded(record, ".fits") for record in task.input.frames), strict=True))
    write_json(task.output.hub, read_json(task.input.hub) | {"bands": hub_bands(frames)})
