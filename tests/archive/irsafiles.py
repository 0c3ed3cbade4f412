"""The files of the stand-in for IRSA: exposures by name, served whole or as cutouts of SPHEREx level 2 files.

An exposure is a name of the archive's grammar and a multi-extension FITS file that is served under it. Many exposures
may share one file: what tells them apart in the header (OBSID, times) is patched into the bytes. Cutouts follow the
real service: round(size / scale) pixels from floor(c + 1 - n / 2), CRPIX of the celestial WCS and of keys A and W less
the offset, the PSF whole and in its place.
"""

import mmap
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from io import BytesIO
from pathlib import Path

import numpy as np
from astropy.io import fits
from astropy.time import Time
from astropy.wcs import WCS

NAME = re.compile(
    r"level2_(?P<year>\d{4})W(?P<week>\d\d)_(?P<part>\d)(?P<letter>[A-Z])_(?P<large>\d{4})_(?P<small>\d+)D(?P<detector>\d)"
    r"_spx_(?P<version>l2b-v\d+-\d{4}-\d{3})\.fits"
)
UNITS = {"px": 0, "pix": 0, "pixels": 0, "arcsec": 1 / 3600, "arcmin": 1 / 60, "deg": 1.0, "rad": float(np.degrees(1))}
ASKED = re.compile(r"\s*([-+0-9.eE]+)\s*,?\s*([-+0-9.eE]*)\s*(px|pix|pixels|arcsec|arcmin|deg|rad)?\s*")
EXPOSED = 113.5826  # s
WAVES = {1: (0.74, 1.12), 2: (1.10, 1.65), 3: (1.64, 2.42), 4: (2.42, 3.82), 5: (3.81, 4.42), 6: (4.41, 5.00)}  # um
Segments = list[bytes | memoryview]


class Unanswerable(Exception):
    """A request for a file that the service refuses."""


@dataclass(frozen=True)
class Exposure:
    """One product of the archive: `name` by its grammar, the file behind it, its collection and begin (MJD)."""

    name: str
    file: Path
    collection: str = "spherex_qr2"
    mjd: float = np.nan

    @property
    def parts(self) -> dict[str, str]:
        """What the name says: year, week, part, letter, large, small, detector, version."""
        return NAME.fullmatch(self.name).groupdict()

    @property
    def detector(self) -> int:
        """1 to 6."""
        return int(self.parts["detector"])

    @property
    def obs_id(self) -> str:
        """One for all detectors, '2025W25_1B_0062_1'."""
        return "{year}W{week}_{part}{letter}_{large}_{small}".format(**self.parts)

    @property
    def did(self) -> str:
        """Publisher's identifier; the same for all versions."""
        return f"ivo://irsa.ipac/{self.collection}?{self.obs_id}/D{self.detector}"

    @property
    def key(self) -> str:
        """Path below the archive's data, and key in its bucket."""
        p = self.parts
        release = self.collection.removeprefix("spherex_")
        period = "{year}W{week}_{part}{letter}".format(**p)
        return f"{release}/level2/{period}/{p['version']}/{self.detector}/{self.name}"

    @property
    def begin(self) -> float:
        """Begin of the exposure, MJD."""
        return float(self.header["MJD-BEG"]) if np.isnan(self.mjd) else self.mjd

    @property
    def header(self) -> fits.Header:
        """Header of the file's IMAGE."""
        return _mef(self.file).header

    @property
    def footprint(self) -> np.ndarray:
        """Corners of the image, (4, 2) RA and Dec [deg]."""
        return _mef(self.file).footprint

    def whole(self) -> Segments:
        """The file as it is served."""
        mef = _mef(self.file)
        start, end = mef.image_header
        view = memoryview(mef.bytes)
        return [view[:start], self._signed(bytes(view[start:end])), view[end:]]

    def cutout(self, center: str | None, size: str | None) -> Segments:
        """The cutout as it is served."""
        box = _mef(self.file).box(center, size)
        before, image, after = _cut(self.file, *box)
        return [*before, self._signed(image), *after]

    def _signed(self, header: bytes) -> bytes:
        """The bytes of an IMAGE header with this exposure's own names and times."""
        if np.isnan(self.mjd):
            return header
        first, p = Time(self.mjd, format="mjd"), self.parts
        number = "{year}{week}{part}{month:02d}{large}{small}{detector}".format(month=ord(p["letter"]) - 64, **p)
        cards = {"OBSID": f"'{self.obs_id}'", "EXPIDN": f"{number:>20}"}
        for key, seconds in (("OBS", 0.0), ("BEG", 0.0), ("AVG", EXPOSED / 2), ("END", EXPOSED)):
            cards[f"MJD-{key}"] = f"{first.mjd + seconds / 86400:20.9f}"
            cards[f"DATE-{key}"] = f"'{Time(first.mjd + seconds / 86400, format='mjd').isot}'"
        return patched(header, cards)


def exposures(files: Sequence[Path], collection: str = "spherex_qr2") -> list[Exposure]:
    """Exposures of files whose names follow the archive's grammar."""
    return [Exposure(Path(file).name, Path(file), collection) for file in files]


def copies(one: Exposure, count: int, step: float = 0.01) -> list[Exposure]:
    """The exposure under `count` names, `step` days apart: many exposures of one sky that cost one file."""
    made = []
    for number in range(count):
        large = f"_{int(one.parts['large']) + number:04d}_{one.parts['small']}D"
        name = re.sub(r"_\d{4}_\d+D", large, one.name)
        made.append(replace(one, name=name, mjd=one.begin + number * step))
    return made


def patched(header: bytes, cards: dict[str, str]) -> bytes:
    """A header's bytes with other values in cards that it has; comments stay as far as there is room."""
    out = bytearray(header)
    for start in range(0, len(header), 80):
        key = header[start : start + 8].decode().strip()
        if key in cards:
            comment = header[start : start + 80].decode().partition(" /")[2]
            out[start : start + 80] = f"{key:8}= {cards[key]:20} /{comment}"[:80].ljust(80).encode()
    return bytes(out)


class _Mef:
    """An open file: its bytes, where the header of IMAGE lies, its WCS."""

    def __init__(self, file: Path) -> None:
        with open(file, "rb") as handle:
            self.bytes = mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ)
        with fits.open(file) as hdus:
            self.header = hdus["IMAGE"].header.copy()
            info = hdus["IMAGE"].fileinfo()
            self.image_header = (info["hdrLoc"], info["datLoc"])
            self.wcs = WCS(self.header, naxis=2)
        self.shape = (self.header["NAXIS2"], self.header["NAXIS1"])
        ny, nx = self.shape
        edges = [(-0.5, -0.5), (nx - 0.5, -0.5), (nx - 0.5, ny - 0.5), (-0.5, ny - 0.5)]
        self.footprint = self.wcs.all_pix2world(edges, 0)
        self.scale = float(np.mean(np.sqrt(np.abs(np.linalg.det(self.wcs.pixel_scale_matrix)))))  # deg

    def box(self, center: str | None, size: str | None) -> tuple[int, int, int, int]:
        """First and last (exclusive) column and row of a cutout, as the service takes its parameters."""
        if center is None or size is None:
            raise Unanswerable("center and size go together")
        (x, y), unit = _numbers("center", center, both=True)
        if unit:
            x, y = self.wcs.all_world2pix([[x * unit, y * unit]], 0, quiet=True)[0]
        else:
            x, y = x - 1, y - 1  # ASSUME pixel coordinates of requests count from 1, as in FITS
        sides, unit = _numbers("size", size)
        spans = [max(1, round(side * unit / self.scale if unit else side)) for side in sides]
        starts = [int(np.floor(c + 1 - n / 2)) for c, n in zip((x, y), spans, strict=True)]
        limits = (self.shape[1], self.shape[0])
        box = [(max(0, s), min(most, s + n)) for s, n, most in zip(starts, spans, limits, strict=True)]
        if any(first >= last for first, last in box):
            raise Unanswerable("the cutout does not overlap the image")
        return (*box[0], *box[1])


def _numbers(key: str, text: str, both: bool = False) -> tuple[list[float], float]:
    found = ASKED.fullmatch(text)
    if not found or (both and not found[2]):
        raise Unanswerable(f"{key}={text} is not understood")
    try:
        first = float(found[1])
        second = float(found[2]) if found[2] else first
    except ValueError as error:
        raise Unanswerable(f"{key}={text} is not understood") from error
    if key == "size" and min(first, second) <= 0:
        raise Unanswerable(f"{key}={text} is not positive")
    return [first, second], UNITS[found[3] or "deg"]


@lru_cache(maxsize=32)
def _mef(file: Path) -> _Mef:
    return _Mef(file)


@lru_cache(maxsize=4096)
def _cut(file: Path, x0: int, x1: int, y0: int, y1: int) -> tuple[Segments, bytes, Segments]:
    """What comes before, of and after the header of a cutout's IMAGE; what is not cut stays in the file."""
    mef, before, after, image = _mef(file), [], [], b""
    with fits.open(file, do_not_scale_image_data=True) as hdus:
        for hdu in hdus:
            if isinstance(hdu, fits.ImageHDU) and hdu.shape == mef.shape:
                cut = _cut_hdu(hdu, x0, x1, y0, y1)
                length = _header_length(cut) if hdu.name == "IMAGE" else 0
                image = cut[:length] or image
                (after if image else before).append(cut[length:])
            else:
                info = hdu.fileinfo()
                (after if image else before).append(
                    memoryview(mef.bytes)[info["hdrLoc"] : info["datLoc"] + info["datSpan"]]
                )
    return before, image, after


def _cut_hdu(hdu: fits.ImageHDU, x0: int, x1: int, y0: int, y1: int) -> bytes:
    header = hdu.header.copy()
    for key in ("CHECKSUM", "DATASUM"):
        header.remove(key, ignore_missing=True)
    for key in [key for key in header if re.fullmatch("CRPIX[12][AW]?", key)]:
        header[key] -= x0 if key[5] == "1" else y0
    out = BytesIO()
    fits.ImageHDU(hdu.data[y0:y1, x0:x1].copy(), header, do_not_scale_image_data=True).writeto(out)
    # a file of its own begins with an empty primary HDU, which is not wanted
    with fits.open(BytesIO(out.getvalue())) as again:
        return out.getvalue()[again[1].fileinfo()["hdrLoc"] :]


def _header_length(block: bytes) -> int:
    return next(n for n in range(2880, len(block) + 1, 2880) if b"END".ljust(80) in block[n - 2880 : n])
