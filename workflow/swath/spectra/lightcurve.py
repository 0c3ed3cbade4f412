"""The light curve of one target: every planned exposure a row, judged, in the formats that people and tools read."""

from pathlib import Path

from ..config.lightcurve import LightCurve


def write_lightcurve(
    photometry: str | Path,
    target: str,
    settings: LightCurve,
    csv: str | Path,
    ecsv: str | Path,
    vot: str | Path,
    json: str | Path,
    targets: str | Path | None = None,
) -> None:
    """Write one target's measurements as CSV, ECSV, VOTable and JSON.

    Parameters
    ----------
    photometry : the table of all targets (`photometry.parquet`).
    target : the target's slug. settings : section `lightcurve`; its `figure` is not used.
    csv, ecsv, vot, json : output paths.
    targets : the table of targets (`query/targets.ecsv`), for name and position in the files' heads.
    """
    raise NotImplementedError
