"""Where files go: data/<band>/<name>, with names that are safe and that no two files share."""

import json
from typing import NamedTuple

from ..config.download import Cutout
from .names import digest, safe

PARTIAL = ".part"
MARK = ".from"


class Geometry(NamedTuple):
    """Which part of an exposure a file holds, and for whom."""

    target: str
    ra: float
    dec: float
    cutout: Cutout


def file_key(exposure: str, geometry: Geometry | None) -> str:
    """What tells a file from all others: its exposure and, of cutouts, target, centre and size."""
    if geometry is None:
        return json.dumps([exposure])
    cutout = geometry.cutout
    center = cutout.center or f"{geometry.ra:.7f},{geometry.dec:.7f}deg"
    return json.dumps([exposure, geometry.target, center, cutout.size])


def file_name(key: str, band: str, obs_id: str, version: str, target: str = "") -> str:
    """Path of a file relative to the tile's folder; every part is safe, and the key's hash keeps names apart.

    `target` is the slug of the target that a cutout belongs to.
    """
    words = [safe(word) for word in (obs_id, version, target) if word]
    return f"data/{safe(band)}/{'_'.join(words)}-{digest(key)}.fits"
