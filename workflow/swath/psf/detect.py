"""Detections in one band, and everything else that shines near its stars."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import sep

from .. import extraction

DEEP_SIGMA = 2.0  # ASSUME neighbours below this surface brightness in units of the noise do not matter
DEEP_MINAREA = 5
DEBLEND_LEVELS, DEBLEND_CONTRAST = 64, 0.001  # finer than SEP's: a companion of a few percent must be seen
GROW_FACTOR, GROW_PIX = 1.25, 2.0  # ASSUME beyond this much of its isophote a neighbour is below the noise

NEIGHBOURS = np.dtype(
    [("x", "f8"), ("y", "f8"), ("flux", "f4"), ("a", "f4"), ("b", "f4"), ("theta", "f4"), ("from_white", "?")]
)


def extract(image: np.ndarray, sigma: np.ndarray, thresh_sigma: float, minarea: int) -> np.ndarray:
    """Deblended detections (SEP's structured array) of `image`, where `sigma` (same shape) is a positive number."""
    return _extract(image, sigma, thresh_sigma, minarea, segmentation_map=False)


def extract_deep(image: np.ndarray, sigma: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All that stands out, and its segmentation: int32, shape of the image, 0 or 1 + the row of the detection."""
    return _extract(image, sigma, DEEP_SIGMA, DEEP_MINAREA, segmentation_map=True)


def _extract(image: np.ndarray, sigma: np.ndarray, thresh_sigma: float, minarea: int, segmentation_map: bool) -> Any:
    bad = ~(sigma > 0)
    if bad.all():
        none = np.zeros(0, sep.extract(np.zeros((8, 8)), 1.0).dtype)
        return (none, np.zeros(image.shape, "i4")) if segmentation_map else none
    return extraction.extract(
        np.ascontiguousarray(image, "f4"),
        thresh_sigma,
        err=np.ascontiguousarray(sigma, "f4"),
        mask=bad,
        minarea=minarea,
        deblend_nthresh=DEBLEND_LEVELS,
        deblend_cont=DEBLEND_CONTRAST,
        segmentation_map=segmentation_map,
    )


def neighbours(objects: np.ndarray, corner: Sequence[int] = (0, 0), from_white: bool = False) -> np.ndarray:
    """Mask ellipses (dtype `NEIGHBOURS`, full-frame pixels) around deep detections.

    An ellipse has the area of the object's isophote, grown. `corner` = (x0, y0) of the image they were found in.
    """
    table = np.zeros(len(objects), NEIGHBOURS)
    table["x"], table["y"] = objects["x"] + corner[0], objects["y"] + corner[1]
    table["flux"], table["theta"], table["from_white"] = objects["flux"], objects["theta"], from_white
    ratio = np.sqrt(np.clip(objects["a"] / np.maximum(objects["b"], 1e-3), 1.0, 10.0))
    radius = np.sqrt(objects["npix"] / np.pi)
    table["a"] = GROW_FACTOR * radius * ratio + GROW_PIX
    table["b"] = GROW_FACTOR * radius / ratio + GROW_PIX
    return table


def reach(table: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """How far each point lies outside each neighbour's ellipse [pix], shape (points, neighbours); below 0 inside."""
    dx, dy = x[:, None] - table["x"], y[:, None] - table["y"]
    cos, sin = np.cos(table["theta"]), np.sin(table["theta"])
    distance = np.hypot(dx, dy)
    stretch = np.hypot((dx * cos + dy * sin) / table["a"], (dy * cos - dx * sin) / table["b"])
    return np.where(stretch > 0, distance * (1 - 1 / np.maximum(stretch, 1e-9)), -table["b"])
