"""reference: the reference stars of the field, from an archive."""

from swath.archive.gaia import fetch_reference, field_of, place
from swath.config.archive import Http
from swath.config.inputs import Image
from swath.config.sources import Gaia
from swath.jobs import job

with job(snakemake) as task:
    settings = Gaia(**task.params.gaia)
    where = place(settings.fetch, field_of(Image(**task.params.image)))
    fetch_reference(settings, Http(**task.params.asking["http"]), where, task.output.stars)
