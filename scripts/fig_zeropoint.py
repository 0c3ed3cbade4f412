"""fig_zeropoint: every band's zero point, the residuals over the field, the colour terms."""

from pathlib import Path

from swath.jobs import job
from swath.plots.zeropoint import draw_zeropoint

with job(snakemake) as task:
    draw_zeropoint(
        task.input.stars,
        task.input.facts,
        {Path(path).stem.removeprefix("zp_vs_mag__"): path for path in task.output.bands},
        task.output.field[0],
        task.output.color[0],
        **task.params.settings,
    )
