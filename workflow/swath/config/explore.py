"""The catalogue browser."""

from .base import Section, key


class Explore(Section):
    """One page per tile to look through its catalogue: table, picture, stamps, fluxes and flags."""

    enabled: bool = key(True, "make the page and the stamps beside it")
    rgb: tuple[str, str, str] | None = key(
        None,
        "three bands shown as red, green and blue, each in units of its own noise; null shows the white stack in grey",
    )
    stretch: float = key(
        7.0, "brightness above which the picture turns from linear to logarithmic", "noise of the picture", gt=0
    )
    softness: float = key(8.0, "how much the bright part is compressed: Q of Lupton et al. (2004)", gt=0, le=100)
    picture_max_pix: int = key(4000, "largest side of the picture; larger fields are block-averaged", "pix", ge=64)
    stamp_pix: int = key(40, "side of a stamp", "pix", ge=8, le=256)
    wavelengths: tuple[float, ...] | None = key(
        None,
        "effective wavelengths of the bands, in their order, for the spectral energy distributions; "
        "null sets the bands side by side",
        "nm",
    )
