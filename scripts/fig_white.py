"""fig_white: the white stack before and after the crop."""

from swath.jobs import job
from swath.plots.white import draw_white

with job(snakemake) as task:
    draw_white(task.input.white, task.output.figure, **task.params.settings)
