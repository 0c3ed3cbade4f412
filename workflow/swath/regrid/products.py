"""The products of `regrid`: an image as `load` wants it, and its facts."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from astropy.io import fits

from ..config.inputs import Keywords
from ..files import write_json
from ..frames.wcscards import copy_cards
from ..images import write_fits
from .listing import COPIED, RESAMPLED
from .names import MASK_HDU, WEIGHT_HDU
from .stack import Stacked

SURE = 0.05  # relative error of the noise of an aperture that stands for all


def facts_of(
    band: str,
    stacked: Stacked,
    used: Sequence[Mapping[str, Any]],
    rows: Sequence[Mapping[str, Any]],
    noise: list[dict[str, Any]],
    level: float | None,
    method: str,
) -> dict[str, Any]:
    """What is known of a band on the grid, in plain types.

    `noise_factor` : scatter of sums over large apertures, over that of independent pixels of the declared noise; by it
    flux errors are too small unless noise.correct_errors is set. 1 where nothing was resampled.
    `gain` : that of pixels whose photons' noise was averaged by resampling as the sky's was.
    """
    measured = [row for row in noise if row["factor"] is not None]
    sure = [row for row in measured if row["error"] <= SURE * row["factor"]]
    resampled = any(row["status"] == RESAMPLED for row in used)
    last = (sure or measured or [{}])[-1]
    return {
        "band": band,
        "zero_point": used[0]["zero_point"],
        "gain": stacked.gain,
        "gain_range": list(stacked.gain_range),
        "sky_sigma": _sigma(stacked),
        "saturation": level,
        "fwhm_arcsec": _mean(used, "fwhm_arcsec"),
        "mjd": _mean(used, "mjd"),
        "files": len(rows),
        "used": len(used),
        "copied": sum(row["status"] == COPIED for row in used),
        "resampling": method if resampled else "none",
        "covered": float(np.mean(stacked.count > 0)),
        "most_images": int(stacked.count.max()),
        "noise_factor": last.get("factor") if resampled else 1.0,
        "noise_factor_error": last.get("error") if resampled else 0.0,
        "noise_radius": last.get("radius"),
        "noise": noise,
    }


def image_hdus(header: fits.Header, stacked: Stacked, facts: Mapping[str, Any], keywords: Keywords) -> list[Any]:
    """IMAGE (primary), WEIGHT (inverse variance) and MASK, with the keys that `load` asks for."""
    own = fits.Header([card for card in copy_cards(header) if not card.keyword.startswith("NAXIS")])
    cards = (
        (keywords.band, facts["band"], "name of the band"),
        (keywords.zero_point, facts["zero_point"], "[mag] zero point of one image unit"),
        (keywords.sky_sigma, facts["sky_sigma"], "median noise of the sky per pixel"),
        (keywords.gain, facts["gain"], "electrons per image unit"),
        (keywords.saturation, facts["saturation"], "saturation level"),
        (keywords.fwhm_arcsec, facts["fwhm_arcsec"], "[arcsec] mean seeing of the images"),
        ("MJD-OBS", facts["mjd"], "[d] mean date of the images"),
        ("NIMAGES", facts["used"], "images that went into this one"),
        ("NCOPIED", facts["copied"], "of these on the grid's own pixels"),
        ("RESAMP", facts["resampling"], "resampling of the others"),
        ("NOISECOR", facts["noise_factor"], "large apertures: noise over declared"),
        ("NOISECRE", facts["noise_factor_error"], "its standard error"),
        ("NOISERAD", facts["noise_radius"], "[pix] radius of these apertures"),
    )
    for key, value, comment in cards:
        if value is not None:
            own[key] = value, comment
    mask = fits.ImageHDU(stacked.mask.astype(np.uint8), name=MASK_HDU)
    return [fits.PrimaryHDU(stacked.pixels, own), fits.ImageHDU(stacked.weight, name=WEIGHT_HDU), mask]


def write_products(image: str, facts: str, hdus: list[Any], made: Mapping[str, Any]) -> None:
    """Write image and facts."""
    write_fits(image, hdus)
    write_json(facts, made)


def _sigma(stacked: Stacked) -> float:
    known = stacked.count > 0
    return float(1 / np.sqrt(np.median(stacked.weight[known])))


def _mean(used: Sequence[Mapping[str, Any]], name: str) -> float | None:
    """Mean over the images that know it, weighted by their pixels and inverse variances; the only value to the bit."""
    known = [row for row in used if row[name] is not None]
    if len({row[name] for row in known}) <= 1:
        return known[0][name] if known else None
    weights = [row["pixels"] / (row["sky_sigma"] * row["factor"]) ** 2 for row in known]
    return float(np.average([row[name] for row in known], weights=weights))
