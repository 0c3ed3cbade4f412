"""merge: the patches' fits, joined to every input source."""

from swath.config.products import Merge
from swath.jobs import job
from swath.merge.merge import merge_patches

with job(snakemake) as task:
    merge_patches(
        task.input.sources,
        task.input.hub,
        task.input.frames,
        task.input.epsfs,
        task.input.fits,
        task.input.noise,
        added_epsfs=task.input.added_epsfs,
        added=task.input.added,
        bands=task.params.bands,
        csv=task.output.csv,
        fits_catalog=task.output.fits,
        parquet=task.output.parquet,
        attrition_csv=task.output.attrition,
        settings=Merge(**task.params.settings),
        multi_band=task.params.multi_band,
        theta_from=task.params.theta_from,
        psf_min_stars=task.params.psf_min_stars,
        zp_ref=task.params.zp_ref,
    )
