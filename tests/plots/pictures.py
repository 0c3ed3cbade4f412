"""What a PNG holds, for tests."""

from pathlib import Path

import numpy as np
from matplotlib.image import imread


def pixels(path: str | Path) -> np.ndarray:
    """RGB in 0..1, first row at the top."""
    return imread(path)[..., :3]


def drawn(path: str | Path) -> bool:
    """More than a tenth of the rows have something on them, and there are some colours."""
    image = pixels(path)
    busy = (np.ptp(image.reshape(len(image), -1), axis=1) > 0.2).mean()
    return busy > 0.1 and len(np.unique((image * 255).astype(int) @ (1, 256, 65536))) > 10


def size(path: str | Path) -> tuple[int, int]:
    """Width and height [pixels]."""
    return pixels(path).shape[1::-1]


def has_colour(image: np.ndarray, colour: tuple[float, float, float], tolerance: float = 0.15) -> bool:
    """Does a pixel come close to a colour?"""
    return bool((np.abs(image - np.array(colour)).max(axis=-1) < tolerance).any())
