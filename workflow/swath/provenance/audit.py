"""`snakemake verify`: every tile of a run compared with its records, on the terminal."""

import logging
from collections.abc import Mapping, Sequence

from ..errors import RunError
from .findings import Finding, command, listing, verdict
from .history import Asked
from .verify import verify

log = logging.getLogger(__name__)
_MOST = 10


def audit(
    tiles: Mapping[str, Mapping[str, Sequence[str]] | None], options: Sequence[str], threads: int, job_log: str = ""
) -> None:
    """Verify the tiles and print what was found.

    Parameters
    ----------
    tiles : folder -> names that the config asks for (`Asked`), None where not known. options : as the user typed them.
    job_log : where messages of this job go; a long list of findings is there in full.

    Raises
    ------
    RunError : anything is not as recorded, or nothing is recorded at all.
    """
    reports = [verify(folder, Asked.by_lists(**names) if names else None, threads) for folder, names in tiles.items()]
    for report in reports:
        for note in report.notes:
            print(f"note: {note}", flush=True)
    for report in reports:
        if report.fine and report.products:
            print(verdict(report), flush=True)
    found = [finding for report in reports for finding in report.findings]
    if not found and not any(report.products for report in reports):
        raise RunError(
            f"nothing to verify: no record of a run in {', '.join(tiles)}; give the -s, --directory and --configfile "
            "of the run, or run it first"
        )
    if found:
        verdicts = [verdict(report) for report in reports if not report.fine]
        repair = command(options, found)
        last = f"This puts it right: {repair}" if repair else "No command can put this right: see above."
        raise RunError("\n".join(["not as recorded:", _first(found, job_log), *verdicts, last]))


def _first(found: Sequence[Finding], job_log: str) -> str:
    """The findings; of many the first, and how many more there are."""
    more = len(found) - _MOST
    if more <= 0:
        return listing(found)
    log.warning("all that is not as recorded:\n%s", listing(found))
    return f"{listing(found[:_MOST])}\n  and {more} more{f', all of them in {job_log}' if job_log else ''}"
