"""aperture: photometry of the exposures of a batch."""

from swath.config.aperture import Aperture
from swath.jobs import job
from swath.photometry.batch import measure_batch

with job(snakemake) as task:
    measure_batch(
        task.input.files,
        task.input.targets,
        Aperture(**task.params.settings),
        task.params.folder,
        task.output.photometry,
    )
