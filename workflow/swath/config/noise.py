"""The measurement of correlated noise."""

from .base import Section, key


class Noise(Section):
    """The noise of empty sky as photometry sees it: measured for every band, applied to flux errors on request."""

    correct_errors: bool = key(
        False,
        "multiply flux errors by the noise of empty PSF-sized apertures over the declared one; the factor is then in "
        "the column NOISE_FACTOR_<band>",
    )
    apertures: int = key(4000, "most empty apertures of each size", ge=100)
    radii_pix: tuple[float, ...] = key((1.5, 2.5, 4.0, 6.0, 9.0, 13.0), "radii of the apertures", "pix")
