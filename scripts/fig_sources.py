"""fig_sources: montages of the whole tile."""

from swath.config.figures import Montage
from swath.config.fit import Fit
from swath.jobs import job
from swath.plots.gallery import draw_gallery

with job(snakemake) as task:
    draw_gallery(
        task.input.catalog,
        task.input.payloads,
        task.input.fits,
        {choice: paths[0] for choice, paths in task.output.items() if choice and choice != "record"},
        task.params.bands,
        Fit(**task.params.fit),
        Montage(**task.params.montage),
        task.params.dpi,
    )
