"""The images: their files, headers, and whether they fit together."""

from pathlib import Path
from typing import NamedTuple

from ..columns import names
from ..config.imagelist import FILES, list_images, missing_inputs
from ..config.inputs import Image
from ..config.model import Config
from ..frames.align import alignment_problems, duplicate_bands
from ..frames.header import ImageFacts, examine
from ..frames.wcscards import pixel_scale, wcs_problems
from ..psf.supplied import SuppliedImage, stamp_problems
from ..regrid.field import images
from .archived import archived_images
from .fitsfile import truncation
from .rows import Row


class Images(NamedTuple):
    """All images as listed, with what could be learnt of them.

    facts : of those whose header can be read. reference : the first of them with a usable WCS, None without any.
    complete : the band of every listed image is known.
    """

    rows: list[Row]
    listed: list[Image]
    facts: list[ImageFacts]
    reference: ImageFacts | None
    complete: bool

    @property
    def bands(self) -> list[str]:
        """Bands in order."""
        return [fact.band for fact in self.facts]


def check_images(config: Config) -> Images:
    """Look at the files and headers of all images and of what comes with them; of pixels, only PSFs are read.

    Of images that are still in an archive, shape, WCS and bands are known from the config.
    """
    if config.archived:
        rows, facts = archived_images(config)
        problems = tuple(band_problems([fact.band for fact in facts], config))
        rows += [Row("bands", "inputs.archive.bands", "not usable", problems)] if problems else []
        return Images(rows, list(images(config)) if facts else [], facts, next(iter(facts), None), bool(facts))
    entries, problems = list_images(config)
    listed = [entry.image for entry in entries]
    present = [image for image in listed if Path(image.path).is_file()]
    looked = [(image, *_examined(image, config)) for image in present]
    facts = [fact for _, fact, _ in looked if fact is not None]
    reference = next((fact for fact in facts if not wcs_problems(fact.header)), None)
    rows = [_row(image, fact, errors, reference, config) for image, fact, errors in looked]
    problems = [*missing_inputs(config, ["image_list"]), *problems, *duplicate_bands(_each_once(looked))]
    problems += band_problems([fact.band for fact in facts], config)
    listing = Row("image list", _sources(config), f"{len(listed)} images, {len(facts)} readable", tuple(problems))
    complete = len(facts) == len(listed) > 0 and all(fact.band for fact in facts)
    return Images([listing, *rows], listed, facts, reference, complete)


def _sources(config: Config) -> str:
    """Where images are listed."""
    listed = config.inputs.image_list or "inputs.images"
    added = " and inputs.added_images" if config.inputs.added_images else ""
    return f"{listed}{added}" + (" of the config" if added or not config.inputs.image_list else "")


def _each_once(looked: list[tuple[Image, ImageFacts | None, list[str]]]) -> list[ImageFacts]:
    """Facts of the images whose band is known; one that is listed twice is the list's fault, and counts once."""
    return list({(image.path, image.hdu): fact for image, fact, _ in looked if fact is not None and fact.band}.values())


def band_problems(bands: list[str], config: Config) -> list[str]:
    """Bands whose names would collide in files and columns."""
    problems = [
        f"bands {a} and {b} differ in case only, which FITS tables cannot tell apart; rename one with `band:`"
        for i, a in enumerate(bands)
        for b in bands[i + 1 :]
        if a != b and a.lower() == b.lower()
    ]
    taken = set(names(bands, config.fit.multi_band))
    return problems + [
        f"band {band}: its column FLUX_{band} is one that swath writes; rename it with `band:`"
        for band in bands
        if f"FLUX_{band}" in taken
    ]


def _examined(image: Image, config: Config) -> tuple[ImageFacts | None, list[str]]:
    """Facts and faults of one image alone. Missing files are left out here: they are the list's fault."""
    files = [path for name in FILES if (path := getattr(image, name))]
    there = [path for path in files if Path(path).is_file()]
    facts, problems = examine(image, config.inputs.keywords)
    if config.psf.method == "supplied" and image.psf in there:
        problems += stamp_problems(
            SuppliedImage(image.psf, image.psf_hdu, image.psf_oversampling, image.psf_of), config.psf
        )
    cut = [sentence for path in there if (sentence := truncation(path))]
    absent = {f"{path}: no such file" for path in set(files) - set(there)}
    if facts is None and cut:
        return None, cut
    return facts, [problem for problem in problems if problem not in absent] + cut


def _row(image: Image, fact: ImageFacts | None, errors: list[str], reference: ImageFacts | None, config: Config) -> Row:
    if fact is None:
        return Row(f"image {image.band or ''}".strip(), image.path, "header not readable", tuple(errors))
    if reference is not None and fact is not reference and not wcs_problems(fact.header):
        errors = errors + alignment_problems(reference, fact, config.checks)
    return Row(f"image {fact.band or '?'}", image.path, _found(image, fact), tuple(errors))


def _found(image: Image, fact: ImageFacts) -> str:
    """What the header says, short."""
    ny, nx = fact.shape
    parts = [f"{nx} x {ny} pix"]
    if not wcs_problems(fact.header):
        parts += [f'{pixel_scale(fact.header):.3f}"/pix']
    parts += [f"ZP {fact.zero_point:.3f}", f"gain {fact.gain:.4g}"]
    parts += [f"sky sigma {fact.sky_sigma:.4g}"] if fact.sky_sigma is not None else []
    parts += [f"FWHM {fact.fwhm_pix:.2f} pix"] if fact.fwhm_pix is not None else []
    parts += ["saturation not known"] if fact.saturation is None else []
    return ", ".join([*parts, *(f"with {name}" for name in ("weight", "mask", "psf") if getattr(image, name))])
