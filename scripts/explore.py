"""explore: the page of a tile's catalogue."""

from swath.config.explore import Explore
from swath.explore.page import make_page
from swath.jobs import job

with job(snakemake) as task:
    make_page(
        task.wildcards.tile,
        task.input.catalog,
        task.input.white,
        task.input.frames,
        task.input.indices,
        task.output.page,
        Explore(**task.params.settings),
    )
