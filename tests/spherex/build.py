"""Builds SPHEREx Level-2 files whose truth is known, from the headers of real ones.

    from spherex.build import Scene, write, write_calibration

    truth, = write("a.fits", Scene(detector=3, release="qr2", sky=(ra, dec), sources=((ra, dec, 500.0),), seed=1))
    write("light.fits", scene, psf=False)          # IMAGE, FLAGS, VARIANCE, ZODI only: what comes before the PSF
    write_calibration("cal.fits", detector=3)      # PRIMARY with VERSION and [CALIB], PSF or EPSF, WCS-WAVE

`Scene` says what is on the sky and which part of the detector sees it: `sky` falls on `at` (0-based detector pixels),
and `size` (nx, ny) pixels around it are cut as the service does, or the whole frame for None. Headers (SIP, keys A and
W, [CALIB] identifiers) and WCS-WAVE are those of real QR1 files of that detector; names and bits of FLAGS those of a
real QR2 file. `write` returns what was put in: place, detector place, wavelength and pixel area of each source.

release: "qr1", "qr2": optical PSF cube 121 x 101 x 101, zone centres in the header, transposed where `version` says
so; "qr3": table EPSF. A file with PSF has 5 MB; without, 20 kB at 30 x 30 pixels. Equal scenes give equal bytes.
"""

import uuid
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from astropy.io import fits
from astropy.time import Time
from astropy.wcs import WCS

from . import optics
from .calibrationhdus import primary_hdu, psf_hdu, wave_hdu
from .realfiles import flag_bits, real_files, real_parts, shifted

__all__ = ["SKY", "Scene", "real_files", "write", "write_calibration"]

VERSIONS = {"qr1": "6.2.1", "qr2": "6.5.5+psffix1", "qr3": "7.0.2"}
ZODI = {1: 0.50, 2: 0.45, 3: 0.40, 4: 0.35, 5: 0.80, 6: 1.50}  # MJy / sr
READ, GAIN = 0.006, 1e-4  # noise of a dark pixel [MJy / sr]; its variance per MJy / sr of light
SKY = (308.0262803, 38.350213)


@dataclass(frozen=True)
class Scene:
    """One exposure of one detector.

    sky : ICRS [deg] of what falls on `at`. size : (nx, ny) or None for the whole detector. sources : (ra, dec, flux in
    uJy) each. zodi_scale : the image's zodiacal light over the file's model of it. noise : False for a noiseless image.
    flagged : ((x, y, "HOT"), ...) and nan : ((x, y), ...), pixels of the file from 0. over_masked : share of all pixels
    that have SOURCE besides those of sources. version : None for the release's usual one, "" for none in the header.
    """

    detector: int = 1
    release: str = "qr2"
    version: str | None = None
    sky: tuple[float, float] = SKY
    at: tuple[float, float] = (1019.3, 1019.6)
    size: tuple[int, int] | None = (40, 40)
    sources: tuple[tuple[float, float, float], ...] = ()
    roll: float = 0.0
    zodi_scale: float = 1.0
    background: float = 0.0
    noise: bool = True
    seed: int = 0
    mjd: float = 60797.8237
    obs_id: str = "2025W18_2B_0201_3"
    flagged: tuple[tuple[int, int, str], ...] = ()
    nan: tuple[tuple[int, int], ...] = ()
    over_masked: float = 0.0

    @property
    def offset(self):
        """0-based detector pixel of the file's first one: floor(c + 1 - n / 2) as the service has it."""
        return (
            tuple(int(np.floor(c + 1 - n / 2)) for c, n in zip(self.at, self.size, strict=True))
            if self.size
            else (0, 0)
        )

    @property
    def shape(self):
        """(ny, nx) of the file's images."""
        return self.size[::-1] if self.size else (optics.SIDE, optics.SIDE)

    @property
    def pipeline(self):
        """VERSION of the primary header; "" for none."""
        return VERSIONS[self.release] if self.version is None else self.version

    @property
    def name(self):
        """File name by the archive's grammar."""
        return f"level2_{self.obs_id}D{self.detector}_spx_l2b-v20-2025-253.fits"


def celestial(header):
    """astropy's celestial WCS, SIP included, without keys A and W."""
    keep = fits.Header([card for card in header.cards if not card.keyword.endswith(("A", "W")) and card.keyword])
    for key in ("PS1_0W", "PS2_0W"):
        keep.remove(key, ignore_missing=True)
    return WCS(keep)


def pixel_area(wcs, x, y):
    """Solid angle [arcsec2] of a pixel, by finite differences."""
    ra, dec = wcs.all_pix2world([x - 0.5, x + 0.5, x, x], [y, y, y - 0.5, y + 0.5], 0)
    east, north = (ra[[1, 3]] - ra[[0, 2]]) * np.cos(np.radians(dec.mean())), dec[[1, 3]] - dec[[0, 2]]
    return float(abs(east[0] * north[1] - east[1] * north[0])) * 3600.0**2


@lru_cache(maxsize=64)
def _pointed(detector, sky, at, roll):
    """Header of the whole detector with `sky` on the pixel `at`, and its WCS."""
    header = real_parts(detector)[0].copy()
    matrix = np.array([[header["PC1_1"], header["PC1_2"]], [header["PC2_1"], header["PC2_2"]]])
    c, s = np.cos(np.radians(roll)), np.sin(np.radians(roll))
    matrix = np.array([[c, -s], [s, c]]) @ matrix
    for i in (0, 1):
        for j in (0, 1):
            header[f"PC{i + 1}_{j + 1}"] = matrix[i, j]
    header["CRVAL1"], header["CRVAL2"] = sky
    for _ in range(20):
        header["LATPOLE"] = header["CRVAL2"]
        ra, dec = celestial(header).all_pix2world(*at, 0)
        east = (sky[0] - ra + 180) % 360 - 180
        header["CRVAL1"], header["CRVAL2"] = (header["CRVAL1"] + east) % 360, header["CRVAL2"] + sky[1] - float(dec)
    return header


def image_header(scene):
    """Header of IMAGE."""
    header = shifted(_pointed(scene.detector, scene.sky, scene.at, scene.roll), [-o for o in scene.offset])
    header["OBSID"] = scene.obs_id
    for key, seconds in (("OBS", -57.6), ("BEG", -57.6), ("AVG", 0.0), ("END", 57.6)):
        time = scene.mjd + seconds / 86400
        header[f"MJD-{key}"], header[f"DATE-{key}"] = round(time, 9), Time(time, format="mjd").isot
    if scene.release != "qr1":
        _rename_calibrations(header, scene.detector, scene.release)
    return header


def _rename_calibrations(header, detector, release):
    """[CALIB] identifiers of another release: made of the real ones, and the QR3 PSF under its own name."""
    lines = list(header["HISTORY"])
    del header["HISTORY"]
    for line in lines:
        words = line.split()
        if words[0] == "[CALIB]":
            words[2] = str(uuid.uuid5(uuid.UUID(words[2]), release))
            words[1] = "epsf" if (words[1], release) == ("average_psf", "qr3") else words[1]
        header.add_history(" ".join(words))


def _sky(scene):
    """Zodiacal light of the file's model [MJy / sr], (ny, nx): a slope over the detector."""
    ny, nx = scene.shape
    x, y = np.arange(nx) + scene.offset[0], np.arange(ny)[:, None] + scene.offset[1]
    return ZODI[scene.detector] * (1 + 0.05 * (x - 1020) / 1020 - 0.08 * (y - 1020) / 1020)


def _truth(scene, header, source):
    """Where a source falls, and its light in every pixel [MJy / sr]."""
    wcs = celestial(header)
    x, y = (float(value) for value in wcs.all_world2pix(source[0], source[1], 0, tolerance=1e-9, maxiter=50))
    place = x + scene.offset[0], y + scene.offset[1]
    area = pixel_area(wcs, x, y)
    centre = optics.zone_of(scene.detector, scene.release, *place)
    shares = optics.share(scene.detector, centre, x, y, scene.shape)
    light = source[2] * shares / (area / 206264.80624709636**2 * 1e12)
    return {
        "x": x,
        "y": y,
        "x_detector": place[0],
        "y_detector": place[1],
        "pixel_area": area,
        "flux": source[2],
    }, light


def hdus_of(scene, psf=True):
    """The HDUs of a scene, and what is true of each source."""
    header = image_header(scene)
    zodi = _sky(scene)
    truths, lights = [], np.zeros(scene.shape)
    flags = np.zeros(scene.shape, "i4")
    bits = flag_bits()
    rng = np.random.default_rng([scene.seed, scene.detector])
    sky_noise = np.sqrt(READ**2 + GAIN * zodi.mean())
    for source in scene.sources:
        truth, light = _truth(scene, header, source)
        truths.append(truth)
        lights += light
        flags[abs(light) > 2 * sky_noise] |= 1 << bits["SOURCE"]
        column, row = round(truth["x"]), round(truth["y"])
        if 0 <= row < scene.shape[0] and 0 <= column < scene.shape[1]:
            flags[row, column] |= 1 << bits["SOURCE"]
    flags[rng.random(scene.shape) < scene.over_masked] |= 1 << bits["SOURCE"]
    image = zodi * scene.zodi_scale + scene.background + lights
    variance = READ**2 + GAIN * np.maximum(image, 0)
    if scene.noise:
        image = image + rng.normal(0, np.sqrt(variance))
    for x, y, name in scene.flagged:
        flags[y, x] |= 1 << bits[name]
    for x, y in scene.nan:
        image[y, x] = variance[y, x] = np.nan
    parts = [primary_hdu(scene.pipeline), fits.ImageHDU(image.astype("f4"), header, name="IMAGE")]
    parts.append(fits.ImageHDU(flags, name="FLAGS"))
    for name, bit in bits.items():
        parts[-1].header[f"HIERARCH MP_{name}" if len(name) > 5 else f"MP_{name}"] = bit
    parts += [fits.ImageHDU(variance.astype("f4"), name="VARIANCE"), fits.ImageHDU(zodi.astype("f4"), name="ZODI")]
    if psf:
        parts += [psf_hdu(scene.detector, scene.release, scene.pipeline), wave_hdu(scene.detector)]
    return fits.HDUList(parts), truths


def write(path, scene, psf=True, datasum=False):
    """Write the scene's file; returns one dictionary per source: x, y, x_detector, y_detector, pixel_area, flux."""
    hdus, truths = hdus_of(scene, psf)
    if datasum:
        for hdu in hdus:
            hdu.add_datasum(when=" ")
    hdus.writeto(path, overwrite=True)
    return truths


def write_calibration(path, detector=1, release="qr2", version=None):
    """PSF and WCS-WAVE apart, behind a primary HDU that says of which VERSION and calibration they are."""
    scene = Scene(detector=detector, release=release, version=version)
    primary = primary_hdu(scene.pipeline)
    primary.header["DETECTOR"] = detector
    for line in image_header(scene)["HISTORY"]:
        words = line.split()
        if words[0] == "[CALIB]" and words[1] in ("average_psf", "epsf", "spectral_wcs"):
            primary.header.add_history(line)
    fits.HDUList([primary, psf_hdu(detector, release, scene.pipeline), wave_hdu(detector)]).writeto(
        path, overwrite=True
    )
