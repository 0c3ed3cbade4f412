"""verdict: the simulated field's catalogue, zero points and PSFs against its truth."""

from swath.config.sources import Detection
from swath.jobs import job
from swath.truth.verdict import judge

with job(snakemake) as task:
    bands, cells = task.params.bands, task.params.cells
    judge(
        *(task.input[name] for name in ("truth", "catalog", "zeropoint", "zeropoint_stars", "white")),
        *(dict(zip(bands, task.input[name], strict=True)) for name in ("frames", "psfs")),
        dict(zip(cells, task.input.epsfs, strict=True)),
        cells,
        tuple(task.params.crop),
        task.params.multi_band,
        task.params.zp_ref,
        Detection(**task.params.detection),
        *(task.output[name] for name in ("sources", "csv", "json")),
    )
