"""The valid key that an unknown one was meant to be."""

import re
from collections.abc import Iterable
from difflib import SequenceMatcher

from .keys import keys, sections
from .peer import advice

CLOSE = 0.55
CLOSE_NAME = 0.65
SAME_NAME = 0.7


def suggestion(path: str) -> str:
    """What to write instead of the unknown key `path`, as the end of a sentence.

    A tract7dt key gets the key that replaces it, or the reason why there is none; any other gets the valid keys
    closest in spelling, in whichever section they are.
    """
    if told := advice(path):
        return told
    path = re.sub(r"\[\d+\]", "[]", path)
    if path in names():
        return "write sections as nested lines; a name with a dot in it is one key"
    found = nearest(path)
    return f"did you mean {' or '.join(found)}?" if found else "no key has a similar name; config/README.md lists all"


def names() -> list[str]:
    """Every valid key and section."""
    return [*(key.path for key in keys()), *(section for section, _ in sections())]


def nearest(path: str, most: int = 3) -> list[str]:
    """The valid keys and sections that resemble `path` best; several only when they are equally close."""
    return closest(path, names())[:most]


def closest(path: str, candidates: Iterable[str]) -> list[str]:
    """The candidates most similar to `path`: one, several when they are equally close, none when no one is."""
    scores = {candidate: _likeness(path, candidate) for candidate in candidates}
    best = max(scores.values())
    return [name for name, score in scores.items() if score > best - 1e-9] if best >= CLOSE else []


def _likeness(path: str, candidate: str) -> float:
    """Between 0 and 1; the last name counts more than the section it stands in, which may be forgotten."""
    (parent, _, name), (other_parent, _, other_name) = path.rpartition("."), candidate.rpartition(".")
    if (likeness := _ratio(name, other_name)) < CLOSE_NAME:
        return 0.0
    if not parent and name == other_name:
        return 1.0
    return SAME_NAME * likeness + (1 - SAME_NAME) * _ratio(parent, other_parent)


def _ratio(one: str, other: str) -> float:
    return SequenceMatcher(None, one.lower(), other.lower(), autojunk=False).ratio()
