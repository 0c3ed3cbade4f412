"""Which of Snakemake's lines reach the terminal where it was asked not to tell of every rule (`--quiet rules`).

`profiles/default` asks for that; with `--quiet host` on the command line, or `--verbose`, all of them do. Snakemake's
own log file, `.snakemake/log`, has what is left out here.
"""

import logging
from collections.abc import Callable
from typing import Any

from snakemake.logging import logger

READERS = ("verify", "provenance", "show_config")  # targets that compute nothing: they work whatever the inputs are
TOOLS = ("check", *READERS)  # targets that print something, and that is all one wants to see
_EVENTS = ("workflow_started", "job_started", "job_finished")
_SELECTION = "Select jobs to execute..."
_JOB_ENDED = "CalledProcessError in file "  # told with the job's own words at the end
_TOOL_ENDED = ("Exiting because a job execution failed", "At least one job did not complete successfully")


def hush(settings: Any, tool: bool) -> None:
    """Let the terminal show less, as Snakemake's output `settings` ask for; `tool` for a run of `TOOLS` alone."""
    asked = {quietness.name for quietness in settings.quiet or ()}
    if "RULES" not in asked or settings.verbose or settings.dryrun:
        return
    for handler in logger.handlers:
        if isinstance(handler, logging.StreamHandler) and not isinstance(handler, logging.FileHandler):
            handler.addFilter(shown(tool))


def shown(tool: bool) -> Callable[[logging.LogRecord], bool]:
    """Filter of the terminal's log records: neither what goes on within the scheduler, nor what is said elsewhere."""

    def of_a_run(record: logging.LogRecord) -> bool:
        event = getattr(record, "event", None)
        text = record.getMessage()
        return getattr(event, "value", event) not in _EVENTS and text != _SELECTION and _JOB_ENDED not in text

    def of_a_tool(record: logging.LogRecord) -> bool:
        ended = any(words in record.getMessage() for words in _TOOL_ENDED)
        return of_a_run(record) and record.levelno >= logging.WARNING and not ended

    return of_a_tool if tool else of_a_run
