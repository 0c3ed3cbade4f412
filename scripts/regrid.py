"""regrid: a band of an archive on the pixels of the grid."""

from swath.config.grid import Grid
from swath.config.images import Load
from swath.config.inputs import Keywords
from swath.config.mapping import ArchiveImages
from swath.config.noise import Noise
from swath.jobs import job
from swath.regrid.band import Settings, regrid_band

with job(snakemake) as task:
    given = {"archive": ArchiveImages, "grid": Grid, "load": Load, "keywords": Keywords, "noise": Noise}
    regrid_band(
        task.input.downloads,
        task.params.folder,
        task.wildcards.band,
        Settings(**{name: model(**task.params[name]) for name, model in given.items()}),
        task.output.image,
        task.output.facts,
        task.output.listing,
    )
