"""Patches with something wrong in them: what a catalogue, an image or a PSF can do to a fit.

An oddity is a function (payload, rng) -> payload: it spoils one thing of a sane patch, around the source in row 0
(the victim). `PAYLOAD` lists them by name, `random_patch` combines up to three of them. What must hold of every
patch whatever is wrong with it is in `complaints`.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from astropy.io import fits
from swath.config.fit import Fit
from swath.fit.job import fit_patch
from swath.flags import FIT, MASK
from swath.images import table_rows, write_fits
from swath.models import sersic, shape
from swath.models.psf import PixelPsf
from swath.models.render import canvas_size, render, stamp_size
from swath.patches.payload import EXCLUDED, FIXED, HALO, OWNED, Payload

SKY, GAIN = 5.0, 5.0
MODELS = ("star", "exp", "dev", "sersic")
REASONS = {"converged", "max_iterations", "stalled", "deadline", "no_data", "fixed"}
Oddity = Callable[[Payload, np.random.Generator], Payload]


def moffat(fwhm: float, beta: float = 3.5, size: int = 31) -> np.ndarray:
    """A Moffat PSF averaged over pixels on a 5 x 5 grid, normalised to sum 1."""
    alpha = fwhm / 2 / np.sqrt(2 ** (1 / beta) - 1)
    y, x = np.indices((size, size)) - size // 2
    offsets = np.linspace(-0.4, 0.4, 5)
    image = sum((1 + ((x + dx) ** 2 + (y + dy) ** 2) / alpha**2) ** -beta for dx in offsets for dy in offsets)
    return image / image.sum()


def empty(extent: tuple[int, int], nband: int) -> Payload:
    """A payload of sky without a source; `extent` is (ny, nx), its corner lies at pixel (1000, 2000) of the frame."""
    shape3 = (nband, *extent)
    bands = np.zeros(
        nband,
        [
            ("band", "U4"), ("gain", "f8"), ("noise", "U8"), ("sky_sigma", "f8"), ("psf_x0", "f8"), ("psf_y0", "f8"),
            ("psf_scale", "f8"), ("psf_planes", "i4"), ("psf_fallback", "?"), ("psf_pooled", "?"), ("psf_nstars", "i4"),
            ("psf_norm_radius", "f8"), ("rms_score", "f8"), ("psf_reason", "U8"),
        ],
    )  # fmt: skip
    bands["band"] = [f"b{k}" for k in range(nband)]
    bands["gain"], bands["noise"], bands["sky_sigma"], bands["psf_planes"] = GAIN, "sky", SKY, 1
    bands["psf_scale"], bands["psf_nstars"], bands["psf_norm_radius"], bands["rms_score"] = 100, 9, 12, 1
    dtype = [
        ("row", "i4"), ("ID", "U8"), ("role", "i2"), ("model", "U8"), ("x", "f8"), ("y", "f8"),
        ("re", "f8"), ("ell", "f8"), ("phi", "f8"), ("flux_start", "f8", (nband,)), ("assumed", "?"), ("n", "f8"),
    ]  # fmt: skip
    planes = np.stack([moffat(fwhm)[None] for fwhm in np.linspace(4.2, 3.2, nband)]).astype("f4")
    box = (1000, 1000 + extent[1], 2000, 2000 + extent[0])
    return Payload(
        "r00_c00_pr00_pc00", "r00_c00", box, box, np.zeros(shape3, "f4"), np.full(shape3, SKY, "f4"),
        np.zeros(shape3, "u1"), planes, bands, np.zeros(0, dtype),
    )  # fmt: skip


def with_source(
    payload: Payload, model: str, x: float, y: float, flux, re=3.0, ell=0.3, phi=20.0, index=1.5, shine=True, role=OWNED
) -> Payload:
    """Add a source at (x, y) [pix of the patch] to the table and, if it shall `shine`, its light to the images."""
    fluxes = np.broadcast_to(np.asarray(flux, float), len(payload.bands))
    if shine:
        shine_in(payload, model, x, y, fluxes, re, ell, phi, index)
    row = np.zeros(1, payload.sources.dtype)
    number = len(payload.sources)
    row["row"], row["ID"], row["role"], row["model"] = 3 * number + 1, f"s{number}", role, model
    row["x"], row["y"] = x + payload.roi[0], y + payload.roi[2]
    row["re"], row["ell"], row["phi"] = (re, ell, phi) if model != "star" else (np.nan,) * 3
    row["flux_start"], row["n"] = fluxes, np.nan
    return payload._replace(sources=np.concatenate([payload.sources, row]))


def shine_in(payload: Payload, model: str, x: float, y: float, fluxes, re: float, ell: float, phi: float, index: float):
    """Add the light of one source to the images, out to the end of its profile, as far as there are pixels."""
    psf = PixelPsf(payload.psf, *np.zeros((2, len(payload.bands))), np.ones(len(payload.bands)))
    index = {"exp": 1.0, "dev": 4.0}.get(model, index)
    pars = np.append(shape.from_ellipse(re, ell, phi), np.log(index)) if model != "star" else np.zeros(4)
    radius = payload.psf.shape[-1] / 2 + (sersic.TRUNCATION * re if model != "star" else 0)
    size = stamp_size(radius, 512)
    centre = (round(x), round(y))
    stamp = render(
        psf, model, np.array([x, y]), pars, centre, size, payload.image.shape[1:], False, canvas_size(size, radius)
    )
    x0, x1, y0, y1 = stamp.box
    payload.image[:, y0:y1, x0:x1] += np.asarray(fluxes, "f4")[:, None, None] * stamp.templates[:, 0]


def noisy(payload: Payload, rng: np.random.Generator) -> Payload:
    """Add sky and Poisson noise to what shines."""
    sigma = np.sqrt(SKY**2 + np.maximum(payload.image, 0) / payload.bands["gain"][:, None, None])
    payload.image[...] += rng.normal(size=payload.image.shape) * sigma
    return payload


def sane(seed: int, side: int | None = None, nband: int | None = None, n: int | None = None) -> Payload:
    """A patch with nothing wrong: a few sources of all models, a start as a catalogue gives it."""
    rng = np.random.default_rng(seed)
    side, nband, n = side or int(rng.integers(32, 60)), nband or int(rng.integers(1, 4)), n or int(rng.integers(1, 7))
    payload = empty((side, side + int(rng.integers(-8, 9))), nband)
    ny, nx = payload.image.shape[1:]
    for _ in range(n):
        payload = with_source(
            payload, str(rng.choice(MODELS)), rng.uniform(4, nx - 5), rng.uniform(4, ny - 5),
            10 ** rng.uniform(2, 4.5) * rng.uniform(0.5, 1.5, nband), rng.uniform(1, 4), rng.uniform(0, 0.7),
            rng.uniform(-90, 90), rng.uniform(0.7, 4), role=int(rng.choice([OWNED, HALO, EXCLUDED], p=[0.7, 0.2, 0.1])),
        )  # fmt: skip
    payload.sources["role"][0] = OWNED
    start = payload.sources
    start["flux_start"] *= rng.uniform(0.6, 1.5, start["flux_start"].shape)
    for axis in ("x", "y"):
        start[axis] += rng.normal(size=n) * 0.2
    start["re"] *= rng.uniform(0.7, 1.4, n)
    return noisy(payload, rng)


# --- what can be wrong with a source -------------------------------------------------------------------------------


def _victim(**values) -> Oddity:
    """The first source gets these catalogue values."""

    def spoil(payload: Payload, rng: np.random.Generator) -> Payload:
        for name, value in values.items():
            payload.sources[name][0] = value
        return payload

    return spoil


def _galaxy(**values) -> Oddity:
    """The first source becomes a Sersic galaxy with these catalogue values."""
    return _victim(**{"model": "sersic", "re": 3.0, "ell": 0.3, "phi": 20.0, **values})


def off_by_two(payload: Payload, rng: np.random.Generator) -> Payload:
    angle = rng.uniform(0, 2 * np.pi)
    payload.sources["x"][0] += 2 * np.cos(angle)
    payload.sources["y"][0] += 2 * np.sin(angle)
    return payload


def twin(payload: Payload, rng: np.random.Generator) -> Payload:
    """The catalogue lists one source twice, at exactly the same place."""
    payload = payload._replace(sources=np.concatenate([payload.sources, payload.sources[:1]]))
    payload.sources["row"][-1], payload.sources["ID"][-1] = payload.sources["row"].max() + 1, "twin"
    return payload


def all_at_one_place(payload: Payload, rng: np.random.Generator) -> Payload:
    payload.sources["x"], payload.sources["y"] = payload.sources["x"][0], payload.sources["y"][0]
    return payload


def crowd(payload: Payload, rng: np.random.Generator) -> Payload:
    """Many more parameters than the light can know: 12 copies of everything within two pixels."""
    copies = np.concatenate([payload.sources[:1]] * 12)
    copies["x"] += rng.uniform(-1, 1, 12)
    copies["y"] += rng.uniform(-1, 1, 12)
    copies["model"] = rng.choice(MODELS, 12)
    for name, value in (("re", 2.0), ("ell", 0.2), ("phi", 0.0)):
        copies[name] = np.where(copies["model"] == "star", np.nan, value)
    copies["row"] = 1000 + np.arange(12)
    copies["ID"] = [f"c{k}" for k in range(12)]
    return payload._replace(sources=np.concatenate([payload.sources, copies]))


def heap(payload: Payload, rng: np.random.Generator) -> Payload:
    """A catalogue whose positions are all the same: 25 galaxies in one place."""
    copies = np.concatenate([payload.sources[:1]] * 25)
    copies["model"], copies["re"], copies["ell"], copies["phi"] = "exp", 3.0, 0.3, 20.0
    copies["row"] = 2000 + np.arange(25)
    copies["ID"] = [f"h{k}" for k in range(25)]
    return payload._replace(sources=np.concatenate([payload.sources, copies]))


def wrong_type(payload: Payload, rng: np.random.Generator) -> Payload:
    star = payload.sources["model"][0] == "star"
    return _victim(**({"model": "dev", "re": 3.0, "ell": 0.2, "phi": 0.0} if star else {"model": "star"}))(payload, rng)


def corner(payload: Payload, rng: np.random.Generator) -> Payload:
    ny, nx = payload.image.shape[1:]
    at = rng.choice([0, nx - 1]), rng.choice([0, ny - 1])
    return with_source(payload, str(rng.choice(MODELS)), *map(float, at), 3000.0)


def _outside(distance: float, role: int = OWNED) -> Oddity:
    def spoil(payload: Payload, rng: np.random.Generator) -> Payload:
        ny, nx = payload.image.shape[1:]
        x, y = rng.choice([(-distance, ny / 2), (nx + distance, ny / 2), (nx / 2, -distance), (-distance, -distance)])
        return with_source(payload, str(rng.choice(MODELS)), x, y, 5000.0, role=role)

    return spoil


def giant(payload: Payload, rng: np.random.Generator) -> Payload:
    """A galaxy of 50 pixels half-light radius in a patch of small ones."""
    ny, nx = payload.image.shape[1:]
    return with_source(payload, "exp", nx / 2 + 0.3, ny / 2 - 0.4, 3e5, re=50.0, ell=0.2)


def _role(role: int) -> Oddity:
    def spoil(payload: Payload, rng: np.random.Generator) -> Payload:
        payload.sources["role"] = role
        return payload

    return spoil


# --- what can be wrong with pixels ---------------------------------------------------------------------------------


def _place(payload: Payload) -> tuple[int, int]:
    """The victim's pixel (y, x), within the image."""
    ny, nx = payload.image.shape[1:]
    x, y = payload.sources["x"][0] - payload.roi[0], payload.sources["y"][0] - payload.roi[2]
    return int(np.clip(np.rint(y), 0, ny - 1)), int(np.clip(np.rint(x), 0, nx - 1))


def _around(payload: Payload, radius: float) -> np.ndarray:
    row, column = _place(payload)
    y, x = np.indices(payload.image.shape[1:])
    return np.hypot(x - column, y - row) <= radius


def _masked(radius: float, bit: str = "USER") -> Oddity:
    """The pixels around the victim are masked in all bands; their values are rubbish."""

    def spoil(payload: Payload, rng: np.random.Generator) -> Payload:
        payload.mask[:, _around(payload, radius)] |= MASK[bit]
        payload.image[payload.mask > 0] = 0
        return payload

    return spoil


def _blind(bands: slice) -> Oddity:
    """All pixels of some bands are masked."""

    def spoil(payload: Payload, rng: np.random.Generator) -> Payload:
        payload.mask[bands] |= MASK["USER"]
        return payload

    return spoil


def one_good_pixel(payload: Payload, rng: np.random.Generator) -> Payload:
    payload.mask[...] = MASK["USER"]
    payload.mask[(slice(None), *_place(payload))] = 0
    return payload


def mostly_masked(payload: Payload, rng: np.random.Generator) -> Payload:
    payload.mask[rng.random(payload.mask.shape) < 0.97] |= MASK["USER"]
    return payload


def _pixels(plane: str, value: float, share: float) -> Oddity:
    """A share of the pixels of a plane, the victim's among them, has this value, and no mask says so."""

    def spoil(payload: Payload, rng: np.random.Generator) -> Payload:
        pixels = getattr(payload, plane)
        pixels[rng.random(pixels.shape) < share] = value
        pixels[(slice(None), *_place(payload))] = value
        return payload

    return spoil


def _band_value(plane: str, value: float) -> Oddity:
    """All of one band has this value."""

    def spoil(payload: Payload, rng: np.random.Generator) -> Payload:
        getattr(payload, plane)[rng.integers(len(payload.bands))] = value
        return payload

    return spoil


def saturated(payload: Payload, rng: np.random.Generator) -> Payload:
    """A bright star whose core is cut at a level, and no mask says so."""
    row, column = _place(payload)
    payload = with_source(payload, "star", column + 0.2, row - 0.3, 3e6)
    np.minimum(payload.image, 3e4, out=payload.image)
    return payload


def cosmic_ray(payload: Payload, rng: np.random.Generator) -> Payload:
    row, column = _place(payload)
    payload.image[0, row, max(column - 2, 0) : column + 3] = 1e6
    return payload


def thin(payload: Payload, rng: np.random.Generator) -> Payload:
    """A patch of 1 x N pixels."""
    row, _ = _place(payload)
    cut = (slice(None), slice(row, row + 1))
    x0, x1, y0, _ = payload.roi
    box = (x0, x1, y0 + row, y0 + row + 1)
    return payload._replace(
        roi=box, base=box, image=payload.image[cut].copy(), sigma=payload.sigma[cut].copy(),
        mask=payload.mask[cut].copy(),
    )  # fmt: skip


def single_pixel(payload: Payload, rng: np.random.Generator) -> Payload:
    payload = thin(payload, rng)
    _, column = _place(payload)
    cut = (slice(None), slice(None), slice(column, column + 1))
    box = (payload.roi[0] + column, payload.roi[0] + column + 1, *payload.roi[2:])
    return payload._replace(
        roi=box, base=box, image=payload.image[cut].copy(), sigma=payload.sigma[cut].copy(),
        mask=payload.mask[cut].copy(),
    )  # fmt: skip


# --- what can be wrong with a band ---------------------------------------------------------------------------------


def _gain(value: float) -> Oddity:
    def spoil(payload: Payload, rng: np.random.Generator) -> Payload:
        payload.bands["gain"][rng.integers(len(payload.bands))] = value
        return payload

    return spoil


def psf_noise(payload: Payload, rng: np.random.Generator) -> Payload:
    """A PSF of too few stars: noise with negative pixels all over."""
    payload.psf[:, 0] += (rng.normal(size=payload.psf[:, 0].shape) * 0.1 * payload.psf.max()).astype("f4")
    return payload


def psf_zero(payload: Payload, rng: np.random.Generator) -> Payload:
    payload.psf[rng.integers(len(payload.bands))] = 0
    return payload


def psf_point(payload: Payload, rng: np.random.Generator) -> Payload:
    """All light in one pixel: undersampled beyond hope."""
    middle = payload.psf.shape[-1] // 2
    payload.psf[:, 0] = 0
    payload.psf[:, 0, middle, middle] = 1
    return payload


def psf_flat(payload: Payload, rng: np.random.Generator) -> Payload:
    payload.psf[:, 0] = 1 / payload.psf.shape[-1] ** 2
    return payload


def psf_slopes(payload: Payload, rng: np.random.Generator) -> Payload:
    """A PSF whose linear variation leads to absurd stamps away from its reference position."""
    slope = np.roll(payload.psf, 3, axis=-1) - payload.psf
    payload.bands["psf_x0"], payload.bands["psf_y0"], payload.bands["psf_planes"] = 1000, 2000, 3
    payload.bands["psf_scale"] = 20
    return payload._replace(psf=np.concatenate([payload.psf, slope, -slope], axis=1))


_SOURCES = {
    "flux_zero": _victim(flux_start=0.0),
    "flux_negative": _victim(flux_start=-3000.0),
    "flux_1e25": _victim(flux_start=1e25),
    "flux_1e8": _victim(flux_start=1e8),
    "flux_nan": _victim(flux_start=np.nan),
    "re_tiny": _galaxy(re=1e-3),
    "re_low_bound": _galaxy(re=0.05),
    "re_high_bound": _galaxy(re=200.0),
    "re_beyond": _galaxy(re=1e4),
    "ell_0": _galaxy(ell=0.0),
    "ell_099": _galaxy(ell=0.99, model="exp"),
    "off_by_two": off_by_two,
    "twin": twin,
    "all_at_one_place": all_at_one_place,
    "crowd": crowd,
    "heap": heap,
    "wrong_type": wrong_type,
    "corner": corner,
    "outside_near": _outside(3.0),
    "outside_far": _outside(5000.0),
    "outside_halo": _outside(12.0, HALO),
    "outside_fixed": _outside(8.0, FIXED),
    "giant": giant,
    "none_owned": _role(HALO),
    "all_fixed": _role(FIXED),
}
_PIXELS = {
    "masked_pixel": _masked(0.5),
    "masked_core": _masked(4.0, "SATURATED"),
    "masked_all_around": _masked(25.0),
    "one_band_masked": _blind(slice(0, 1)),
    "all_masked": _blind(slice(None)),
    "one_good_pixel": one_good_pixel,
    "mostly_masked": mostly_masked,
    "nan_pixels": _pixels("image", np.nan, 0.01),
    "inf_pixels": _pixels("image", np.inf, 0.01),
    "huge_pixels": _pixels("image", 1e30, 0.002),
    "sigma_zero": _pixels("sigma", 0.0, 0.05),
    "sigma_negative": _pixels("sigma", -1.0, 0.05),
    "sigma_nan": _pixels("sigma", np.nan, 0.05),
    "sigma_inf": _pixels("sigma", np.inf, 0.05),
    "sigma_huge": _pixels("sigma", 1e15, 0.05),
    "sigma_1e25": _pixels("sigma", 1e25, 0.05),
    "sigma_underflow": _pixels("sigma", 1e-22, 0.05),
    "sigma_tiny": _pixels("sigma", 1e-3, 0.05),
    "band_constant": _band_value("image", 7.0),
    "band_zero": _band_value("image", 0.0),
    "saturated": saturated,
    "cosmic_ray": cosmic_ray,
    "thin": thin,
    "single_pixel": single_pixel,
}
_BANDS = {
    "gain_tiny": _gain(1e-6),
    "gain_huge": _gain(1e9),
    "gain_inf": _gain(np.inf),
    "psf_noise": psf_noise,
    "psf_zero": psf_zero,
    "psf_point": psf_point,
    "psf_flat": psf_flat,
    "psf_slopes": psf_slopes,
}
PAYLOAD: dict[str, Oddity] = {**_SOURCES, **_PIXELS, **_BANDS}
# Oddities that change the extent of the images come last: the others find their places in the whole.
_LAST = ("thin", "single_pixel")


def spoilt(payload: Payload, names: tuple[str, ...], seed: int) -> Payload:
    """The payload with these oddities."""
    rng = np.random.default_rng([seed, 99])
    for name in sorted(names, key=_LAST.__contains__):
        payload = PAYLOAD[name](payload, rng)
    return payload


def random_names(seed: int) -> tuple[str, ...]:
    """Which one, two or three oddities the random patch of this seed has."""
    rng = np.random.default_rng([seed, 7])
    return tuple(rng.choice(sorted(PAYLOAD), rng.integers(1, 4), replace=False).tolist())


def random_patch(seed: int) -> tuple[Payload, Fit, str]:
    """A random degenerate patch with the settings and the sky model it is fitted with."""
    rng = np.random.default_rng([seed, 8])
    settings = Fit(
        mode=str(rng.choice(["free", "forced", "forced_position"], p=[0.8, 0.1, 0.1])),
        models=str(rng.choice(["catalog", "unknown", "auto"], p=[0.8, 0.1, 0.1])),
        multi_band=bool(rng.random() < 0.85),
        noise="model" if rng.random() < 0.85 else "sky",
        sersic_n_init=float(rng.choice([1.5, 0.41, 6.29], p=[0.8, 0.1, 0.1])),
        max_iterations=int(rng.choice([100, 3], p=[0.95, 0.05])),
        priors={"enabled": bool(rng.random() < 0.8)},
        # A few have no time at all. The others' limit is the test's: what must hold does not hang on where they stop.
        deadline_s=float(rng.choice([5.0, 0.02], p=[0.97, 0.03])),
    )
    payload = spoilt(sane(seed), random_names(seed), seed)
    payload.sources["assumed"] = rng.random(len(payload.sources)) < 0.3
    return payload, settings, "patch" if rng.random() < 0.2 else "plane"


# --- the payload boundary ------------------------------------------------------------------------------------------


def save(payload: Payload, path: Path) -> None:
    """Write a payload as the workflow does."""
    header = fits.Header([("TILE", "t"), ("PATCH", payload.patch), ("CELL", payload.cell), ("ZPREF", 25.0)])
    for name, box in (("ROI", payload.roi), ("BASE", payload.base)):
        header.update({f"{name}{axis}": int(v) for axis, v in zip(("X0", "X1", "Y0", "Y1"), box, strict=True)})
    half = fits.Header([("HALF", payload.psf.shape[-1] // 2)])
    planes = (("IMAGE", payload.image), ("SIGMA", payload.sigma), ("MASK", payload.mask), ("PSF", payload.psf))
    tables = (("BANDS", payload.bands), ("SOURCES", payload.sources))
    write_fits(
        path,
        [
            fits.PrimaryHDU(header=header),
            *(fits.ImageHDU(plane, half if name == "PSF" else None, name=name) for name, plane in planes),
            *(fits.BinTableHDU(table, name=name) for name, table in tables),
        ],
    )


def fitted(payload: Payload, folder: Path, settings: Fit | None = None, sky: str = "plane"):
    """The header, and the tables FIT and SCENE, of a payload that went through the `fit` stage."""
    save(payload, folder / "payload.fits")
    fit_patch(folder / "payload.fits", folder / "fit.fits", settings or Fit(), sky)
    with fits.open(folder / "fit.fits", memmap=False) as hdus:
        return hdus[0].header, table_rows(hdus["FIT"]), table_rows(hdus["SCENE"])


def complaints(payload: Payload, settings: Fit, header: fits.Header, rows: np.ndarray, scene: np.ndarray) -> list[str]:
    """What is wrong with the products of a patch; empty if they are as they must be, whatever the patch was."""
    said = _of_the_patch(payload, header, rows, scene)
    if header["STATUS"] == "failed":
        return said
    return said + [text for row in rows for text in _of_a_row(payload, settings, row)]


def _of_the_patch(payload: Payload, header: fits.Header, rows: np.ndarray, scene: np.ndarray) -> list[str]:
    mine = payload.sources[payload.sources["role"] == OWNED]
    said = []
    late = (scene["stop_reason"] == "deadline").any()
    if header["STATUS"] != ("empty" if not len(mine) else "deadline" if late else "ok"):
        said.append(f"status {header['STATUS']}: {header['REASON']}")
    if sorted(rows["row"]) != sorted(mine["row"]) or list(rows["row"]) != sorted(rows["row"]):
        said.append(f"owned {sorted(mine['row'])}, reported {list(rows['row'])}")
    if sorted(scene["row"]) != sorted(payload.sources["row"]):
        said.append("SCENE does not hold every source")
    infinite = [n for n in rows.dtype.names if rows[n].dtype.kind == "f" and np.isinf(rows[n]).any()]
    return [*said, *(f"{name} is infinite" for name in infinite)]


def _of_a_row(payload: Payload, settings: Fit, row: np.void) -> list[str]:
    """A number that is missing, or not to be trusted, has its flag; a flag has its reason."""
    flagged = {name: bool(row["flags"] & bit) for name, bit in FIT.items()}
    reason, converged = np.atleast_1d(row["stop_reason"]), np.atleast_1d(row["converged"])
    seen, star = np.atleast_1d(row["npix"]) > 0, row["model"] == "star"
    flux, error = np.atleast_1d(row["flux"]), np.atleast_1d(row["flux_err"])
    names = ["x", "y"] if star else ["x", "y", "re", "ell", "phi", "n"]
    held = {"free": "", "forced_position": "xy", "forced": names}[settings.mode]
    at = [np.atleast_1d(row[name]) for name in ("x", "y")]
    start = payload.sources[payload.sources["row"] == row["row"]][0]
    missing = [
        name
        for name in names + [f"{name}_err" for name in names if name not in held]
        if not np.isfinite(np.atleast_1d(row[name])[seen if not settings.multi_band else slice(None)]).all()
    ]
    excuses = flagged["NO_DATA"] or flagged["ILL_CONDITIONED"] or flagged["PATCH_FAILED"]
    rules = {
        f"an unknown reason {reason}": not set(reason) <= REASONS,
        "converged and its reason disagree": (converged != (reason == "converged")).any(),
        "NOT_CONVERGED is not as converged says": flagged["NOT_CONVERGED"] == converged.all(),
        "NO_DATA is not as npix says": flagged["NO_DATA"] == seen.any(),
        "BAND_MISSING is not as npix says": flagged["BAND_MISSING"] == seen.all(),
        "the flux of a band with pixels is not a number": not np.isfinite(flux[seen]).all(),
        "the flux of a band without pixels is a number": np.isfinite(flux[~seen]).any(),
        "a flux error is not a number, unflagged": not np.isfinite(error[seen]).all() and not excuses,
        "a flux error is not positive": (error <= 0).any(),
        "the correlation with a neighbour is beyond 1": (np.abs(row["neighbour_corr"]) > 1 + 1e-6).any(),
        "NEGATIVE_FLUX is not as the fluxes say": flagged["NEGATIVE_FLUX"] != (flux[seen] < 0).any(),
        f"{missing} not numbers, unflagged": bool(missing) and not excuses,
        "the position left its bounds": any(
            np.abs(p - start[n]).max() > settings.max_shift_pix + 1e-6
            for p, n in zip(at, "xy", strict=True) if np.isfinite(p).all()
        ),
        "fitted in no iteration": settings.mode == "free" and (converged & (np.atleast_1d(row["niter"]) == 0)).any(),
    }  # fmt: skip
    return [f"{row['ID']} ({row['model']}): {text}" for text, broken in rules.items() if broken]
