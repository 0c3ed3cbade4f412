"""The whole configuration."""

from .base import FOLDER, NAME, Section, key
from .compare import Compare
from .explore import Explore
from .figures import Figures
from .fit import Fit, Patches
from .images import Checks, Crop, Load
from .inject import Inject
from .inputs import Inputs
from .noise import Noise
from .products import Log, Merge, ZeroPoint
from .psf import Psf, Stars
from .simulate import Simulate
from .sources import Gaia, Sources


class Config(Section):
    """Everything that a run can be told."""

    tile: str = key(
        "tile",
        "name of the field: products go to <results>/<tile>/",
        "",
        "inputs.tile_name",
        pattern=NAME,
    )
    results: str = key(
        "results",
        "folder of the products, relative to the working directory",
        formerly="outputs.work_dir",
        pattern=FOLDER,
    )
    inputs: Inputs = key(Inputs, "input files")
    load: Load = key(Load, "reading the images")
    checks: Checks = key(Checks, "alignment checks")
    crop: Crop = key(Crop, "part of the image that is catalogued")
    sources: Sources = key(Sources, "source list")
    gaia: Gaia = key(Gaia, "reference stars")
    stars: Stars = key(Stars, "PSF stars")
    psf: Psf = key(Psf, "empirical PSF")
    noise: Noise = key(Noise, "noise of empty sky")
    patches: Patches = key(Patches, "patches")
    fit: Fit = key(Fit, "the fit")
    merge: Merge = key(Merge, "merge")
    zeropoint: ZeroPoint = key(ZeroPoint, "zero point")
    figures: Figures = key(Figures, "figures")
    explore: Explore = key(Explore, "catalogue browser")
    simulate: Simulate = key(Simulate, "the field of known truth that `snakemake test_field` judges")
    inject: Inject = key(Inject, "known sources in the images of the field, for `snakemake inject`")
    compare: Compare = key(Compare, "both engines on the same patches, for `snakemake compare_engines`")
    log: Log = key(Log, "log")
