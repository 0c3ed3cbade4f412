"""The combined figure of a target: spectrum with times as colours, light curve with wavelengths as colours."""

from pathlib import Path

from ..config.lightcurve import SpectrumFigure


def combined_plot(lightcurve: str | Path, figure: str | Path, settings: SpectrumFigure) -> None:
    """Draw the spectrum (top) and the light curve (bottom) of one target.

    Parameters
    ----------
    lightcurve : the target's `lightcurve.csv` (`.ecsv` and `.vot` will do). figure : output path, PNG.
    settings : section `lightcurve.figure`.
    """
    raise NotImplementedError
