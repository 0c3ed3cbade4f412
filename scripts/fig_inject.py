"""fig_inject: completeness, bias, pulls and noise of the field, from added sources and empty sky."""

from swath.config.inject import Inject
from swath.jobs import job
from swath.plots.inject import draw_inject

with job(snakemake) as task:
    draw_inject(
        *(task.input[name] for name in ("sources", "summary", "verdict")),
        dict(zip(task.params.bands, task.input.noise, strict=True)),
        Inject(**task.params.settings),
        task.output.figure,
        task.params.dpi,
    )
