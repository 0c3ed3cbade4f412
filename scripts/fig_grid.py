"""fig_grid: the PSFs of all cells and bands."""

from pathlib import Path

from swath.jobs import job
from swath.plots.psfgrid import draw_psf_grid

with job(snakemake) as task:
    epsfs = {Path(path).stem: path for path in task.input.epsfs}
    draw_psf_grid(epsfs, task.params.bands, task.output.figure, task.params.dpi)
