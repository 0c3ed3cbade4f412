"""The measurements of a target at a glance: signal to noise, errors, bands, flags."""

from pathlib import Path

from ..config.lightcurve import LightCurve


def summary_plot(lightcurve: str | Path, figure: str | Path, settings: LightCurve) -> None:
    """Draw a page of four panels: S/N histogram, flux against error, counts by band, counts by flag.

    Parameters
    ----------
    lightcurve : the target's `lightcurve.csv` (`.ecsv` and `.vot` will do). figure : output path, PNG.
    settings : section `lightcurve`.
    """
    raise NotImplementedError
