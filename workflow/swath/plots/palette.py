"""Figures with at most 256 colours: PNGs of painted noise are a quarter as large as in full colour."""

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import to_rgb
from PIL import Image

# Colours that mean something and may stand in few pixels: a palette of the commonest colours alone would lose them.
MEANT = (
    "white", "black", "0.15", "0.25", "0.35", "0.5", "0.6", "0.75", "0.87",
    "tab:blue", "tab:orange", "tab:red", "tab:purple", "tab:green", "cyan", "magenta", "yellow", "red", "orange",
    "dodgerblue", "deepskyblue", "lime", "violet",
)  # fmt: skip
MAPS = {"RdBu_r": 28, "viridis": 24, "coolwarm": 16, "gray": 16}  # so many steps of each are there in any case
APART = 7  # steps of 255 between a meant colour and others: Pillow looks colours up rounded down to 4 steps
SAMPLE = 3  # every third pixel in x and y tells which colours there are


def reduced(rgba: np.ndarray) -> Image.Image:
    """A drawn figure, bytes (ny, nx, 4) without transparent pixels, in the 256 colours that suit it best."""
    image = Image.fromarray(np.ascontiguousarray(rgba[..., :3]))
    steps = [colormaps[name](np.linspace(0, 1, count))[:, :3] for name, count in MAPS.items()]
    meant = np.rint(255 * np.concatenate([[to_rgb(name) for name in MEANT], *steps])).astype(int)
    palette = np.concatenate([meant, _found(rgba[::SAMPLE, ::SAMPLE, :3], meant)]).astype("u1")
    carrier = Image.new("P", (1, 1))
    carrier.putpalette(palette.tobytes())
    return image.quantize(palette=carrier, dither=Image.Dither.NONE)


def _found(sample: np.ndarray, meant: np.ndarray) -> np.ndarray:
    """The colours of a sample of the figure that are none of the meant ones, (n, 3)."""
    image = Image.fromarray(np.ascontiguousarray(sample))
    most = 256 - len(meant)
    counted = image.quantize(most, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    found = np.array(counted.getpalette(), int).reshape(-1, 3)[:most]
    near = np.abs(found[:, None] - meant).max(axis=-1) < APART
    return found[~near.any(axis=1)]
