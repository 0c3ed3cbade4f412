"""fig_patch: overview and montage of one patch, as switched on."""

from swath.config.figures import Montage
from swath.config.fit import Fit
from swath.jobs import job
from swath.plots.patch import draw_patch

with job(snakemake) as task:
    draw_patch(
        task.input.payload,
        task.input.fit,
        next(iter(task.output.get("overview", [])), None),
        next(iter(task.output.get("montage", [])), None),
        Fit(**task.params.fit),
        Montage(**task.params.montage),
        task.params.dpi,
    )
