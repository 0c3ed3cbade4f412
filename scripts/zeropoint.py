"""zeropoint: magnitudes from the reference stars, and the final catalogue."""

from swath.calibration.calibrate import calibrate
from swath.config.products import ZeroPoint
from swath.jobs import job, optional

with job(snakemake) as task:
    calibrate(
        task.input.catalog,
        optional(task.input.gaia),
        csv=task.output.csv,
        fits_catalog=task.output.fits,
        parquet=task.output.parquet,
        summary_csv=task.output.summary,
        stars_csv=task.output.stars,
        summary_json=task.output.facts,
        settings=ZeroPoint(**task.params.settings),
    )
