"""inject_image: one band's image with the sources of a realisation."""

from swath.config.inputs import Image, Keywords
from swath.inject.field import write_image
from swath.jobs import job

with job(snakemake) as task:
    cells = task.params.cells
    write_image(
        Image(**task.params.image),
        task.input.frame,
        task.input.truth,
        dict(zip(cells, task.input.epsfs, strict=True)),
        cells,
        Keywords(**task.params.keywords),
        task.params.weight_kind,
        task.params.zp_ref,
        task.params.seed,
        task.params.interpolate,
        task.output.image,
    )
