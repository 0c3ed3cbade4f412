"""The whole configuration."""

from typing import Literal

from .aperture import Aperture
from .archive import Archive
from .base import FOLDER, NAME, Section, key
from .compare import Compare
from .download import Download
from .explore import Explore
from .figures import Figures
from .fit import Fit, Patches
from .grid import Grid
from .images import Checks, Crop, Load
from .inject import Inject
from .inputs import Inputs
from .lightcurve import LightCurve
from .noise import Noise
from .products import Log, Merge, ZeroPoint
from .psf import Psf, Stars
from .simulate import Simulate
from .sources import Gaia, Sources
from .targets import Targets


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
    stages: tuple[Literal["query", "download", "aperture", "lightcurve", "spectrum_plot"], ...] = key(
        ("query", "download", "aperture", "lightcurve", "spectrum_plot"),
        "which stages of the spectra a run may do; one that is left out is not done even where another needs it, and "
        "the run says so",
        formerly="",
        min_length=1,
    )
    inputs: Inputs = key(Inputs, "input files")
    targets: Targets = key(Targets, "positions whose spectra are wanted")
    archive: Archive = key(Archive, "the archive that is asked")
    download: Download = key(Download, "fetching files of an archive")
    grid: Grid = key(Grid, "pixels that archive images are laid on")
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
    aperture: Aperture = key(Aperture, "aperture photometry of targets")
    lightcurve: LightCurve = key(LightCurve, "light curves and spectra of targets")
    figures: Figures = key(Figures, "figures")
    explore: Explore = key(Explore, "catalogue browser")
    simulate: Simulate = key(Simulate, "the field of known truth that `snakemake test_field` judges")
    inject: Inject = key(Inject, "known sources in the images of the field, for `snakemake inject`")
    compare: Compare = key(Compare, "both engines on the same patches, for `snakemake compare_engines`")
    log: Log = key(Log, "log")

    @property
    def imaging(self) -> bool:
        """Are there images to make a catalogue of?"""
        return bool(self.inputs.image_list or self.inputs.images) or self.archived

    @property
    def archived(self) -> bool:
        """Do the images come from an archive?"""
        return bool(self.inputs.archive.bands)

    @property
    def fetches_reference(self) -> bool:
        """Are the reference stars fetched from an archive?"""
        return self.imaging and self.gaia.enabled and self.gaia.fetch.enabled and self.inputs.gaia is None

    @property
    def spectral(self) -> bool:
        """Are there targets to measure spectra of?"""
        return self.targets.ra is not None or self.targets.table is not None
