"""inject_summary: completeness, bias and pulls of all added sources."""

from swath.config.inject import Inject
from swath.config.sources import Detection
from swath.inject.summary import summarise
from swath.jobs import job

with job(snakemake) as task:
    summarise(
        *(task.input[name] for name in ("truths", "catalogs", "whites")),
        dict(zip(task.params.bands, task.input.noise, strict=True)),
        tuple(task.params.crop),
        Inject(**task.params.settings),
        Detection(**task.params.detection),
        task.params.added,
        *(task.output[name] for name in ("sources", "summary", "verdict")),
    )
