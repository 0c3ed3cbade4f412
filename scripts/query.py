"""query: what the archive has of every target."""

from swath.archive.query import make_observations
from swath.config.archive import Archive
from swath.config.targets import Targets
from swath.jobs import job

with job(snakemake) as task:
    make_observations(
        Targets(**task.params.targets),
        Archive(**task.params.archive, **task.params.asking),
        task.params.folder,
        {name: task.output[name] for name in ("targets", "observations", "parquet", "urls", "summary")},
    )
