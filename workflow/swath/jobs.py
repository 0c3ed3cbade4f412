"""The frame around every job: its logs, a user's mistakes in one sentence, and the record of what it made."""

import json
import logging
import os
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .errors import SwathError
from .provenance import write_record

log = logging.getLogger("swath")
_ADVICE = {28: "the disk is full; free space and run again", 13: "no permission; check the folder's owner and mode"}


@contextmanager
def job(snakemake: Any) -> Iterator[Any]:
    """Run the body of a script as a job: `with job(snakemake) as task: ...`.

    Messages go to the job's log and to the run log. A `SwathError` ends the job with its sentences and exit code 1,
    without a traceback. When the body is done, the job's record is written to `output.record` (where declared).
    """
    start_logging(snakemake.log[0] if snakemake.log else None, snakemake.wildcards.get("tile", ""))
    begun = time.process_time()
    try:
        yield snakemake
    except SwathError as error:
        log.error("%s", error)
        sys.exit(1)
    except MemoryError:
        log.error("%s: out of memory; give the rule more (`mem_mb`) or make the pieces smaller", snakemake.rule)
        sys.exit(1)
    except OSError as error:
        log.error("%s: %s", snakemake.rule, _sentence(error))
        log.debug("", exc_info=True)
        sys.exit(1)
    record = getattr(snakemake.output, "record", None)
    if record:
        params = {name: value for name, value in snakemake.params.items() if name}
        write_record(
            record,
            snakemake.rule,
            dict(snakemake.wildcards.items()),
            params,
            _flat(snakemake.input),
            _flat(snakemake.output),
        )
    log.info("%s: done in %.1f CPU-s", snakemake.rule, time.process_time() - begun)


def start_logging(job_log: str | None, tile: str) -> None:
    """Send messages to the job's log (or the terminal) and to the tile's run log, as the config's `log` section says.

    The settings come in the environment variable SWATH_LOG: they are no parameters of any product.
    """
    settings = json.loads(os.environ.get("SWATH_LOG", "{}"))
    root = logging.getLogger()
    root.setLevel(settings.get("level", "INFO"))
    form = logging.Formatter(settings.get("format", "%(asctime)s %(levelname)-7s %(name)s: %(message)s"))
    targets = [logging.FileHandler(job_log, mode="w", encoding="utf-8") if job_log else logging.StreamHandler()]
    if settings.get("file") and (tile or "{tile}" not in settings["file"]):
        path = Path(settings["file"].replace("{tile}", tile))
        path.parent.mkdir(parents=True, exist_ok=True)
        targets.append(logging.FileHandler(path, mode="a", encoding="utf-8"))
    for target in targets:
        target.setFormatter(form)
        root.addHandler(target)
    if settings.get("ignore_warnings", True):
        warnings.simplefilter("ignore")
    else:
        logging.captureWarnings(True)
    for noisy in ("matplotlib", "PIL"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def optional(files: Any) -> str | None:
    """The only file of an input that may be left out, or None."""
    return next(iter([files] if isinstance(files, str) else files or []), None)


def _sentence(error: OSError) -> str:
    text = f"{error.filename or ''}: {error.strerror or error}".lstrip(": ")
    if "enough space" in text.lower():  # astropy's own words for a full disk
        return f"{text}; {_ADVICE[28]}"
    return f"{text}; {_ADVICE[error.errno]}" if error.errno in _ADVICE else text


def _flat(items: Any) -> list[str]:
    return [str(path) for item in items for path in ([item] if isinstance(item, str) else item)]
