"""What `verify` found, for people: one entry per file, and the one command that puts all right."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from .digests import File

# ASSUME a longer list of files is better asked for rule by rule.
_MOST_FILES = 30


class Finding(NamedTuple):
    """One file that is not as it should be.

    kind : CHANGED, MISSING, REPLACED, STALE, LEFTOVER, NO RECORD. rule : who makes it ('' for a user's file).
    sentence : what was expected and found. forced : products to make again. removed : files to delete.
    """

    kind: str
    path: str
    rule: str
    sentence: str
    forced: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


@dataclass
class Report:
    """The state of one tile. products, size : how many files were compared with their records, and their bytes."""

    folder: str
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    products: int = 0
    size: int = 0

    @property
    def fine(self) -> bool:
        """Is everything as it was recorded?"""
        return not self.findings


def state(file: File) -> str:
    """Size and checksum of a file for a sentence."""
    return f"{file.size} bytes with SHA-256 {file.sha256[:16]}..."


def command(options: Sequence[str], findings: Sequence[Finding]) -> str:
    """The shell command that puts findings right: deletes leftovers, then runs what must run.

    Parameters
    ----------
    options : the user's own command line, without program and targets.
    """
    removed = list(dict.fromkeys(path for finding in findings for path in finding.removed))
    forced = list(dict.fromkeys(path for finding in findings for path in finding.forced))
    if len(forced) > _MOST_FILES:
        told = [finding for finding in findings if finding.rule]
        others = [path for finding in findings if not finding.rule for path in finding.forced]
        forced = list(dict.fromkeys([*(finding.rule for finding in told if finding.forced), *others]))
    # The shell stands in the user's folder, the run perhaps elsewhere (`--directory`): only Snakemake knows of both.
    steps = [shlex.join(["rm", "--", *(str(Path(path).absolute()) for path in removed)])] if removed else []
    steps += [shlex.join(["snakemake", *options, "--forcerun", *forced, "--"])] if forced else []
    return " && ".join(steps)


def listing(findings: Sequence[Finding]) -> str:
    """Two lines for each finding: which file, and what is wrong with it."""
    lines = []
    for finding in findings:
        made = f" (rule {finding.rule})" if finding.rule else ""
        lines += [f"  {finding.kind:<9} {finding.path}{made}", f"            {finding.sentence}"]
    return "\n".join(lines)


def verdict(report: Report) -> str:
    """One sentence about a tile: how much was verified, or how much is wrong."""
    if report.fine:
        return f"OK: {report.products} products, {report.size} bytes verified in {report.folder}"
    count = len(report.findings)
    files = f"{count} files are" if count > 1 else "1 file is"
    return f"{report.folder}: {files} not as recorded ({report.products} products compared)"
