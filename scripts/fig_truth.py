"""fig_truth: biases, scatter, pulls and completeness of the simulated field."""

from swath.jobs import job
from swath.plots.truth import draw_truth

with job(snakemake) as task:
    draw_truth(task.input.sources, task.input.verdict, task.output.figure, task.params.bands, task.params.dpi)
