"""Headers, wavelengths and flags of real SPHEREx files."""

import io
import tarfile
from functools import cache
from pathlib import Path

import numpy as np
from astropy.io import fits

DATA = Path(__file__).parent / "data"


@cache
def real_files():
    """The 42 real QR1 cutouts: name -> bytes."""
    with tarfile.open(DATA / "ngc6888_cutouts.tar.xz") as archive:
        return {member.name: archive.extractfile(member).read() for member in archive if member.isfile()}


@cache
def real_parts(detector):
    """Primary and image headers (as of the whole detector) and WCS-WAVE of a real file."""
    name = next(name for name in sorted(real_files()) if f"D{detector}_spx" in name)
    with fits.open(io.BytesIO(real_files()[name])) as hdus:
        header, wave = hdus["IMAGE"].header.copy(), hdus["WCS-WAVE"].copy()
        wave.data = np.array(wave.data)
    offset = [1 - header["CRPIX1A"], 1 - header["CRPIX2A"]]
    return shifted(header, offset), wave


def shifted(header, offset):
    """The header with reference pixels moved by `offset` (subtract a positive one to cut)."""
    header = header.copy()
    for key in ("", "A", "W"):
        for axis in (0, 1):
            header[f"CRPIX{axis + 1}{key}"] += offset[axis]
    return header


def flag_bits():
    """Name -> bit of the FLAGS header of a real QR2 file."""
    lines = (DATA / "qr2_flags_mp_cards.txt").read_text().splitlines()
    return {name.removeprefix("MP_"): int(bit) for name, bit in (line.split() for line in lines if line[:3] == "MP_")}
