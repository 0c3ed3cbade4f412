"""fig_grid: the PSFs of all cells and bands."""

from pathlib import Path

from swath.jobs import job
from swath.plots.psfgrid import draw_psf_grid

with job(snakemake) as task:
    epsfs, added = ({Path(path).stem: path for path in paths} for paths in (task.input.epsfs, task.input.added))
    draw_psf_grid(epsfs, task.params.bands, task.output.figure, task.params.dpi, added)
