"""The frame around every job: its logs, a user's mistakes in one sentence, and the record of what it made."""

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .errors import SwathError
from .logs import INTERRUPTED, log_settings, start_logging
from .provenance.cards import stamped
from .provenance.records import Started, finish_record, start_record
from .telemetry import clock, telemetry_file, telling

log = logging.getLogger("swath")
_ADVICE = {28: "the disk is full; free space and run again", 13: "no permission; check the folder's owner and mode"}


@contextmanager
def job(snakemake: Any) -> Iterator[Any]:
    """Run the body of a script as a job: `with job(snakemake) as task: ...`.

    Messages go to the job's log and to the run log. A `SwathError` ends the job with its sentences and exit code 1,
    without a traceback. When the body is done, the job's record is written to `output.record` (where declared). What
    the job told of itself (`telemetry`) goes beside its log.
    """
    own_log = snakemake.log[0] if snakemake.log else None
    with _sentences(snakemake.rule):
        start_logging(own_log, snakemake.wildcards.get("tile", ""))
    begun = time.process_time()
    name = " ".join([snakemake.rule, *(value for key, value in snakemake.wildcards.items() if key != "tile")])
    told = telemetry_file(own_log) if own_log else None
    with telling(name, told, log_settings().get("heartbeat_s", 0)), _sentences(snakemake.rule):
        with clock("record"):
            started = _start(snakemake)
        with stamped(started.cards if started else ()):
            yield snakemake
        with clock("record"):
            if started:
                finish_record(started, _flat(snakemake.output))
        log.info("%s: done in %.1f CPU-s", snakemake.rule, time.process_time() - begun)


@contextmanager
def _sentences(rule: str) -> Iterator[None]:
    """End the process with a sentence where a person can mend what went wrong."""
    try:
        yield
    except SwathError as error:
        log.error("%s", error)
        sys.exit(1)
    except KeyboardInterrupt:
        log.error("%s: %s", rule, INTERRUPTED)
        sys.exit(130)
    except MemoryError:
        log.error("%s: out of memory; give the rule more (`mem_mb`) or make the pieces smaller", rule)
        sys.exit(1)
    except OSError as error:
        log.error("%s: %s", rule, _sentence(error))
        log.debug("", exc_info=True)
        sys.exit(1)


def _start(snakemake: Any) -> Started | None:
    record = getattr(snakemake.output, "record", None)
    if not record:
        return None
    params = {name: value for name, value in snakemake.params.items() if name}
    return start_record(record, snakemake.rule, dict(snakemake.wildcards.items()), params, _flat(snakemake.input))


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
