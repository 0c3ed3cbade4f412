"""lightcurve: the tables of one target."""

from swath.config.aperture import Aperture
from swath.config.lightcurve import LightCurve
from swath.jobs import job
from swath.spectra.lightcurve import write_lightcurve

with job(snakemake) as task:
    write_lightcurve(
        task.input.photometry,
        task.wildcards.target,
        LightCurve(**task.params.settings),
        task.output.csv,
        task.output.ecsv,
        task.output.vot,
        task.output.json,
        task.output.spectrum,
        task.input.targets,
        Aperture(**task.params.magnitudes),
    )
