"""epsf: the PSF of every band in one cell."""

from swath.config.psf import Psf
from swath.jobs import job
from swath.psf.build import build_cell
from swath.psf.supplied import supplied

with job(snakemake) as task:
    images = task.params.images
    build_cell(
        task.wildcards.cell,
        task.params.cells,
        dict(zip(images, task.input.frames, strict=True)),
        dict(zip(images, task.input.stars, strict=True)),
        task.output.epsf,
        task.output.meta,
        Psf(**task.params.settings),
        supplied(images),
    )
