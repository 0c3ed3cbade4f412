"""What every measurement is good for: good, an upper limit, or rejected, with the reason."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from ..config.lightcurve import LightCurve
from ..spherex.maskbits import mask_of
from .clip import outliers

CLASSES = ("good", "upper_limit", "rejected")


def judge(table: pd.DataFrame, settings: LightCurve, bits: Mapping[str, int]) -> pd.DataFrame:
    """Class, reason, upper limit and deviation of every measurement.

    The first of these that applies decides. Rejected: without a flux (by status, or not a number), with a bad flag,
    an outlier among its neighbours in wavelength. Good: S/N of `sigma_threshold` or more. Upper limit: S/N below
    `upper_limit_sigma`. Rejected: what lies between the two. The flag SOURCE decides nothing.

    Parameters
    ----------
    table : rows of the photometry's table. settings : section `lightcurve`. bits : flag name to bit number.

    Returns
    -------
    Columns class, class_reason (empty for good), upper_limit [uJy] (NaN where class is another), deviation; same index.
    """
    flux, error = table["flux"].to_numpy(float), table["flux_err"].to_numpy(float)
    has_flux = (table["status"] == "ok").to_numpy() & np.isfinite(flux) & (error > 0) & np.isfinite(error)
    snr = np.divide(flux, error, out=np.full(len(flux), np.nan), where=has_flux)
    bad = table["flags"].to_numpy("i8") & mask_of(settings.bad_flags, bits)
    usable = has_flux & (bad == 0)
    deviation, clipped = outliers(
        table["wavelength"].to_numpy(float), table["bandwidth"].to_numpy(float), np.where(usable, flux, np.nan), error,
        table["band"].to_numpy(str), settings.sigma_clip_sigma, settings.sigma_clip_maxiters,
    )  # fmt: skip
    good = usable & ~clipped & (snr >= settings.sigma_threshold)
    limit = usable & ~clipped & ~good & (snr < settings.upper_limit_sigma)
    reasons = [
        (~has_flux, _without_flux(table)),
        (bad != 0, np.array(flag_names(bad, bits), dtype=object)),
        (clipped, _texts("{:.1f} sigma off its neighbours", deviation)),
        (limit, _texts(f"S/N {{:.2f}} below {settings.upper_limit_sigma:g}", snr)),
        (~good, _texts(f"S/N {{:.2f}} below {settings.sigma_threshold:g}", snr)),
    ]
    return pd.DataFrame(
        {
            "class": np.select([good, limit], ["good", "upper_limit"], "rejected").astype(object),
            "class_reason": np.select([which for which, _ in reasons], [text for _, text in reasons], ""),
            "upper_limit": np.where(limit, np.maximum(flux, 0) + settings.upper_limit_sigma * error, np.nan),
            "deviation": deviation,
        },
        index=table.index,
    )


def sound(table: pd.DataFrame) -> np.ndarray:
    """Which measurements of a light curve are neither flagged nor outliers, whatever their S/N; bool (n,)."""
    return (table["class"] != "rejected").to_numpy(bool) | table["class_reason"].str.startswith("S/N").to_numpy(bool)


def flag_names(values: Sequence[int] | np.ndarray, bits: Mapping[str, int]) -> list[str]:
    """Names of the bits set in every value, lowest bit first, separated by blanks; BIT30 for one without a name."""
    named = {number: name for name, number in bits.items()}
    distinct = {int(value) for value in values}
    texts = {
        value: " ".join(named.get(bit, f"BIT{bit}") for bit in range(63) if value >> bit & 1) for value in distinct
    }
    return [texts[int(value)] for value in values]


def _without_flux(table: pd.DataFrame) -> np.ndarray:
    status = table["status"].to_numpy(object)
    return np.where(status == "ok", "flux or its error is not a number", status)


def _texts(pattern: str, values: np.ndarray) -> np.ndarray:
    return np.array([pattern.format(value) for value in values], dtype=object)
