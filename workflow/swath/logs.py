"""Where messages go: the job's log and the run log of its tile, as the config's `log` section says.

The settings come in the environment variable SWATH_LOG: they are no parameters of any product.
"""

import json
import logging
import os
import warnings
from pathlib import Path
from typing import Any

INTERRUPTED = "stopped by Ctrl-C"
FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"


def log_settings() -> dict[str, Any]:
    """The `log` section of this run's config; empty outside of a run."""
    return json.loads(os.environ.get("SWATH_LOG", "{}"))


def run_log(tile: str) -> logging.FileHandler | None:
    """Handler of the tile's run log; None where there is none (no file, or one per tile and no tile)."""
    name = log_settings().get("file") or ""
    if not name or (not tile and "{tile}" in name):
        return None
    path = Path(name.replace("{tile}", tile))
    path.parent.mkdir(parents=True, exist_ok=True)
    return _formatted(logging.FileHandler(path, mode="a", encoding="utf-8"))


def start_logging(job_log: str | None, tile: str) -> None:
    """Send messages to the job's log (or the terminal) and to the tile's run log."""
    logging.raiseExceptions = False  # a log that cannot be written (full disk) is no reason for a traceback
    settings = log_settings()
    root = logging.getLogger()
    root.setLevel(settings.get("level", "INFO"))
    own = logging.FileHandler(job_log, mode="w", encoding="utf-8") if job_log else logging.StreamHandler()
    root.addHandler(_formatted(own))
    if (shared := run_log(tile)) is not None:
        root.addHandler(shared)
    if settings.get("ignore_warnings", True):
        warnings.simplefilter("ignore")
    else:
        logging.captureWarnings(True)
    for noisy in ("matplotlib", "PIL"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def _formatted(handler: logging.Handler) -> Any:
    handler.setFormatter(logging.Formatter(log_settings().get("format", FORMAT)))
    return handler
