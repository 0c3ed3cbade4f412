"""fig_catalog: colours and magnitudes, and how well the sources are fitted."""

from swath.jobs import job
from swath.plots.catalog import draw_catalog

with job(snakemake) as task:
    draw_catalog(
        task.input.catalog, task.output.cmd[0], task.output.residuals[0], task.params.bands, **task.params.settings
    )
