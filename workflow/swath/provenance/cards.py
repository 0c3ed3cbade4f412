"""What every FITS and Parquet product says of its own making; set for the time of a job, empty outside of one."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

Card = tuple[str, str, str]
_CARDS: ContextVar[tuple[Card, ...]] = ContextVar("cards", default=())


@contextmanager
def stamped(cards: Sequence[Card]) -> Iterator[None]:
    """Give the products written in this block these header cards (keyword, value, comment)."""
    token = _CARDS.set(tuple(cards))
    try:
        yield
    finally:
        _CARDS.reset(token)


def header_cards() -> tuple[Card, ...]:
    """The cards for a FITS file's first header; none outside of a job."""
    return _CARDS.get()


def parquet_metadata() -> dict[bytes, bytes]:
    """The same as an entry of a Parquet file's metadata: `provenance`, JSON of keyword to value."""
    cards = header_cards()
    return {b"provenance": json.dumps({key: value for key, value, _ in cards}).encode()} if cards else {}
