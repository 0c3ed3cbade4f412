"""download: the files of a batch."""

from swath.archive.download import download_batch
from swath.config.archive import Archive
from swath.config.download import Download
from swath.jobs import job

with job(snakemake) as task:
    download_batch(
        task.input.batch,
        task.input.links,
        task.input.targets,
        Archive(**task.params.archive, **task.params.asking),
        Download(**task.params.settings, **task.params.fetching),
        task.params.folder,
        task.output.files,
    )
