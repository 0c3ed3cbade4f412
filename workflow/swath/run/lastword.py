"""What is printed last: our sentences, below whatever Snakemake says of a run that failed.

Snakemake tells its log handlers of every job that fails, wherever it ran; the job's own log holds the sentence.
"""

import logging
import re
import sys
from collections.abc import Callable, Sequence
from itertools import takewhile
from pathlib import Path
from typing import NoReturn

from ..logs import INTERRUPTED
from .terminal import TOOLS

_MOST = 10
_PLAIN = (*TOOLS, "test_field", "inject")
_INTERRUPTED = "Terminating processes on user request"  # Snakemake's words at Ctrl-C
_UNFINISHED = "At least one job did not complete successfully"  # Snakemake's words, also when it was told to stop
_STOPPED = "stopped before the end; what is done is kept, and the same command goes on from there"
_ERROR = re.compile(r"^.*?\bERROR\b\s+(?:[\w.]+:\s)?")
_RECORD = re.compile(r"^\S.*?\b(?:DEBUG|INFO|WARNING|ERROR|CRITICAL)\b")


def stop(sentence: str) -> NoReturn:
    """End the process with exit code 1 and `sentence` below everything else.

    Snakemake does not catch SystemExit, and adds neither file nor line to it; Python prints its text at the end.
    """
    sys.stdout.flush()
    raise SystemExit(sentence)


class LastWord(logging.Handler):
    """Gathers what is to be printed when the process ends (`atexit.register(word.speak)`).

    Parameters
    ----------
    folder : the working directory, which Snakemake has left by then. full : says in a sentence whether the disk of the
        products is full; '' when it is not.
    """

    def __init__(self, folder: Path, full: Callable[[], str]) -> None:
        super().__init__(logging.INFO)
        self.folder, self.full = folder, full
        self.texts: list[str] = []  # results: on the standard output, unless anything went wrong
        self.failed: dict[tuple[str, ...], None] = {}
        self.went_wrong = self.unfinished = self.interrupted = False

    def emit(self, record: logging.LogRecord) -> None:
        """Remember the jobs that a record of Snakemake says have failed: rule and log files."""
        self.interrupted = self.interrupted or _INTERRUPTED in record.getMessage()
        if record.levelno < logging.ERROR:
            return
        self.went_wrong = True
        self.unfinished = self.unfinished or _UNFINISHED in record.getMessage()
        facts = vars(record)
        for job in (facts, *facts.get("job_error_info", ())):
            if "rule_name" in job and "log" in job:
                self.failed[(job["rule_name"], *job["log"])] = None

    def forget(self) -> None:
        """The run ended well: jobs that failed were done again."""
        self.failed.clear()
        self.went_wrong = self.unfinished = self.interrupted = False

    def speak(self) -> None:
        """Print it all to the terminal."""
        if self.texts:
            sys.stderr.flush()
            print("\n\n".join(self.texts), file=sys.stderr if self.went_wrong else sys.stdout, flush=True)
        if not self.went_wrong:
            return
        failed = [job for job in self.failed if not (self.interrupted and self._stopped(*job))]
        stopped = _STOPPED if self.interrupted or (self.unfinished and not failed) else ""
        parts = [text for text in (failures(failed, self.folder), self.full(), stopped) if text]
        if parts:
            sys.stdout.flush()
            print("\n" + "\n\n".join(parts), file=sys.stderr, flush=True)

    def _stopped(self, rule: str, *logs: str) -> bool:
        """Has a job nothing to say but that it was stopped?"""
        told = [last_error(self.folder / log) for log in logs]
        return all(not text or text.endswith(INTERRUPTED) for text in told)


def failures(jobs: Sequence[tuple[str, ...]], folder: Path) -> str:
    """What went wrong in each job, given as rule and log files (relative to `folder`); '' without any.

    A target that only tells something (`verify`, say) says what it has to say, and nothing of jobs.
    """
    said = [text for rule, *logs in jobs if rule in _PLAIN for log in logs if (text := last_error(folder / log, ""))]
    if said:
        return "\n".join(said)
    if not jobs:
        return ""
    head = "one job failed:" if len(jobs) == 1 else f"{len(jobs)} jobs failed:"
    lines = [_failure(rule, logs, folder) for rule, *logs in jobs[:_MOST]]
    more = [f"  and {len(jobs) - _MOST} more"] if len(jobs) > _MOST else []
    return "\n".join([head, *lines, *more])


def _failure(rule: str, logs: Sequence[str], folder: Path) -> str:
    sentences = [text for log in logs if (text := last_error(folder / log))]
    where = f" ({', '.join(logs)})" if logs else ""
    if not sentences:
        return (
            f"  - {rule}{where} left no message: it was killed (memory, time, full disk), or this is a bug of swath; "
            "what it printed is above, or in the log of a cluster's job"
        )
    return "\n".join(f"  - {rule}{where}: {text}" for text in sentences)


def last_error(log: Path, indent: str = "    ") -> str:
    """The last error in a job's log, without date and level, with the lines that belong to it; '' without any."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").rstrip().splitlines()
    except OSError:
        return ""
    starts = [number for number, line in enumerate(lines) if _ERROR.match(line)]
    if not starts:
        return ""
    first, *rest = lines[starts[-1] :]
    return "\n".join(
        [_ERROR.sub("", first), *(f"{indent}{line}" for line in takewhile(lambda line: not _RECORD.match(line), rest))]
    )
