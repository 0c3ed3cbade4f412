"""What the user typed: Snakemake's command line, read with Snakemake's own parser."""

from argparse import Namespace
from collections.abc import Collection, Sequence
from contextlib import redirect_stderr
from io import StringIO


def targets(arguments: Sequence[str], of: Collection[str]) -> list[str]:
    """The targets that were typed, where they are all among `of`; else none (and the parser is spared)."""
    if not any(word in of for word in arguments):
        return []
    parsed = _parsed(arguments)
    asked = list(parsed.targets) if parsed else []
    return asked if set(asked) <= set(of) else []


def named(arguments: Sequence[str], target: str) -> bool:
    """Was this target typed, alone or among others?"""
    return target in arguments and (parsed := _parsed(arguments)) is not None and target in parsed.targets


def options(arguments: Sequence[str]) -> list[str]:
    """The arguments as typed, without the targets."""
    left = list(arguments[: arguments.index("--")] if "--" in arguments else arguments)
    while (parsed := _parsed(left)) and parsed.targets:
        count = len(parsed.targets)
        places = [place for place, word in enumerate(left) if word in parsed.targets]
        trials = ((place, _parsed([*left[:place], *left[place + 1 :]])) for place in places)
        # A word can be a target and an option's value: the right one leaves a line with one target less.
        del left[next(place for place, trial in trials if trial and len(trial.targets) == count - 1)]
    return left


def given(arguments: Sequence[str], key: str) -> str | None:
    """The value of `--config key=...` to the letter: Snakemake itself reads 007 as 7."""
    parsed = _parsed(arguments)
    entries = (parsed.config if parsed else None) or []
    values = [entry.partition("=")[2] for entry in entries if entry.partition("=")[0] == key]
    return values[-1] if values else None


def _parsed(arguments: Sequence[str]) -> Namespace | None:
    """None when this is no command line of Snakemake (a run from Python)."""
    from snakemake.cli import get_argument_parser

    try:
        with redirect_stderr(StringIO()):
            return get_argument_parser().parse_args(list(arguments))
    except SystemExit:
        return None
