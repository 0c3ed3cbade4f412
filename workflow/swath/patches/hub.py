"""The hub: what all payload jobs of a tile read, instead of an edge of the workflow to every frame each."""

from collections.abc import Mapping


def hub_bands(frames: Mapping[str, tuple[str, str]]) -> list[dict[str, str]]:
    """The hub's list of bands; `frames` maps each to the path of its frame and its SHA-256, in band order."""
    return [{"band": band, "frame": path, "sha256": digest} for band, (path, digest) in frames.items()]
