"""stars: the PSF stars of one band."""

from swath.config.psf import Stars
from swath.jobs import job, optional
from swath.psf.stars import select_stars

with job(snakemake) as task:
    select_stars(
        task.input.frame,
        task.input.white,
        task.input.sources,
        list(task.params.cells.items()),
        task.output.stars,
        Stars(**task.params.settings),
        optional(task.input.gaia),
        task.params.least,
    )
