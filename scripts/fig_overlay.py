"""fig_overlay: all sources over the white stack."""

from swath.jobs import job
from swath.plots.overlay import draw_overlay

with job(snakemake) as task:
    draw_overlay(task.input.white, task.input.sources, task.output.figure, **task.params.settings)
