"""One target's light curve as a table, made of the photometry of all targets."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from ..config.aperture import Aperture
from ..config.lightcurve import LightCurve
from ..flags import names
from ..photometry.magnitudes import ab_magnitude
from ..photometry.quality import QUALITY_FLAGS
from .columns import FIELDS
from .judge import flag_names, judge

BINARY_DIGITS = 32
DTYPES = {"float": "float64", "int": "int64", "bool": "bool", "str": "str"}


class Target(NamedTuple):
    """Name (in one line), position [deg, ICRS] at `epoch` [yr], proper motion [mas/yr; pmra holds cos dec]; or NaN."""

    slug: str
    name: str
    ra: float = np.nan
    dec: float = np.nan
    epoch: float = np.nan
    pmra: float = np.nan
    pmdec: float = np.nan


def light_curve(
    photometry: pd.DataFrame, slug: str, settings: LightCurve, aperture: Aperture, bits: Mapping[str, int]
) -> pd.DataFrame:
    """Every planned exposure of a target, judged, in order of time.

    Parameters
    ----------
    photometry : the table of all targets. slug : the target's. bits : flag name to bit number.
    aperture : what kind of magnitudes the photometry has (`magnitude`, `asinh_softening`).

    Returns
    -------
    The columns of `columns.FIELDS`, in order; sorted by mjd (unknown times last), band and exposure.
    """
    own = photometry[photometry["target"] == slug].sort_values(["mjd", "band", "exposure"], kind="stable")
    own = own.reset_index(drop=True)
    judged = judge(own, settings, bits)
    made = {
        "flag_binary": [f"{value:0{BINARY_DIGITS}b}" for value in own["flags"]],
        "is_upper_limit": judged["class"] == "upper_limit",
        "flag_names": flag_names(own["flags"], bits),
        "quality_names": [" ".join(names(value, QUALITY_FLAGS)) for value in own["quality"]],
        "upper_limit_mag": ab_magnitude(judged["upper_limit"], 0.0, aperture)[0],
    }
    columns = {
        field.name: own[field.of] if field.of else made.get(field.name, judged.get(field.name)) for field in FIELDS
    }
    return pd.DataFrame({field.name: pd.Series(columns[field.name], dtype=DTYPES[field.kind]) for field in FIELDS})
