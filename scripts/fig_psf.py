"""fig_psf: the figures of one PSF cell that are switched on."""

from swath.config.psf import Psf
from swath.jobs import job
from swath.plots.psf import draw_psf

with job(snakemake) as task:
    draw_psf(
        task.wildcards.cell,
        task.params.box,
        task.input.epsf,
        task.input.frames,
        task.input.stars,
        {kind: paths[0] for kind, paths in task.output.items() if kind and kind != "record"},
        Psf(**task.params.psf),
        **task.params.settings,
        added=[(path, task.input.added_frames, task.input.added_stars) for path in task.input.added_epsf],
    )
