"""inject_sources: the sources that one realisation adds, and the catalogue with them."""

from swath.config.inject import Inject
from swath.inject.field import write_sources
from swath.jobs import job

with job(snakemake) as task:
    cells = task.params.cells
    write_sources(
        task.input.sources,
        dict(zip(task.params.bands, task.input.frames, strict=True)),
        dict(zip(cells, task.input.epsfs, strict=True)),
        cells,
        Inject(**task.params.settings),
        task.params.number,
        task.output.truth,
        task.output.catalog,
    )
