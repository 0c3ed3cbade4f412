"""spectrum_plot: the figures of one target."""

from swath.config.lightcurve import LightCurve
from swath.jobs import job
from swath.plots.spectrum import combined_plot
from swath.plots.spectrumsummary import summary_plot

with job(snakemake) as task:
    settings = LightCurve(**task.params.settings)
    combined_plot(task.input.lightcurve, task.output.combined, settings.figure)
    summary_plot(task.input.lightcurve, task.output.summary, settings)
