"""sources: every source of the field, with flags and starting values."""

from swath.columns import names
from swath.config.sources import Gaia, Sources
from swath.jobs import job, optional
from swath.sources.build import build_sources

with job(snakemake) as task:
    build_sources(
        task.input.white,
        dict(zip(task.params.bands, task.input.frames, strict=True)),
        task.output.sources,
        task.output.augmented,
        Sources(**task.params.settings),
        Gaia(**task.params.gaia),
        task.params.zp_ref,
        optional(task.input.catalog),
        optional(task.input.gaia),
        {*names(task.params.bands, True), *names(task.params.bands, False)},
    )
