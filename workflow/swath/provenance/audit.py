"""`snakemake verify`: every tile of a run compared with its records, on the terminal."""

from collections.abc import Mapping, Sequence

from ..errors import RunError
from .findings import command, report_text, verdict
from .jobs import Asked
from .verify import verify


def audit(tiles: Mapping[str, Mapping[str, Sequence[str]] | None], options: Sequence[str], threads: int) -> None:
    """Verify the tiles and print what was found.

    Parameters
    ----------
    tiles : folder -> names that the config asks for (`Asked`), None where not known. options : as the user typed them.

    Raises
    ------
    RunError : anything is not as recorded, or nothing is recorded at all.
    """
    reports = []
    for folder, names in tiles.items():
        reports.append(report := verify(folder, Asked.by_lists(**names) if names else None, threads))
        if text := report_text(report, options):
            print(text, flush=True)
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
        sentences = [verdict(report) for report in reports if not report.fine]
        repair = command(options, found)
        raise RunError("\n".join([*sentences, f"This puts it right: {repair}" if repair else "See above."]))
