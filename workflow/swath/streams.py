"""Random numbers: one independent stream for every part of a simulation, so that no part shifts another."""

import zlib

import numpy as np


def stream(seed: int, *names: str) -> np.random.Generator:
    """The generator of the named part of the field of this seed."""
    return np.random.default_rng([seed, *(zlib.crc32(name.encode()) for name in names)])
