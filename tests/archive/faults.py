"""What can be done to an answer: the faults of the proxy, and when."""

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass

from archive.wire import Answer, head, reset

FOREIGN = "127.0.0.2"  # loopback too, but another host: a visit to it is seen
SHAPED = ("status", "busy", "reset", "html", "empty", "votable_error", "redirect_loop", "redirect_foreign")
BROKEN = ("reset_mid", "truncate", "cut_unsaid", "wrong_length", "flip")
SLOW = ("hang", "hang_mid", "drip", "delay")
RARE = ("redirect_nowhere",)  # not among the random ones
FAULTS = (*SHAPED, *BROKEN, *SLOW, *RARE)
VOTABLE_ERROR = (
    b'<?xml version="1.0"?>\n<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">'
    b'<RESOURCE type="results"><INFO name="QUERY_STATUS" value="ERROR">Too many queries</INFO></RESOURCE></VOTABLE>'
)
HTML = b"<!DOCTYPE html><html><head><title>Maintenance</title></head><body><h1>We will be back soon</h1></body></html>"


@dataclass
class Rule:
    """One fault: for requests whose "METHOD path" the expression finds, `times` times (None: always), after `skip`."""

    match: str
    fault: str
    times: int | None = None
    value: float | None = None
    retry_after: str | None = None
    skip: int = 0

    def __post_init__(self) -> None:
        if self.fault not in FAULTS:
            raise ValueError(f"no fault {self.fault!r}; there are {', '.join(FAULTS)}")

    def applies(self, line: str) -> bool:
        """Whether this request gets the fault; counts down."""
        if self.times == 0 or not re.search(self.match, line):
            return False
        if self.skip:
            self.skip -= 1
            return False
        if self.times is not None:
            self.times -= 1
        return True


@dataclass
class Entry:
    """One request as it came, and what was done to it; `sent` counts bytes of body."""

    method: str
    path: str
    range: str
    fault: str
    status: int = 0
    sent: int = 0


def instead(rule: Rule, path: str, port: int) -> Answer:
    """What is said in the archive's place."""
    votable, html = ("Content-Type", "application/x-votable+xml"), ("Content-Type", "text/html")
    wait = [("Retry-After", rule.retry_after or "1")] if rule.retry_after or rule.fault == "busy" else []
    return {
        "status": Answer(int(rule.value or 503), b"Service unavailable", [html, *wait]),
        "busy": Answer(int(rule.value or 503), b"Service unavailable", [html, *wait]),
        "html": Answer(200, HTML, [html]),
        "empty": Answer(200),
        "votable_error": Answer(200, VOTABLE_ERROR, [votable]),
        "redirect_loop": Answer(302, b"", [("Location", f"/_loop{path}")]),
        "redirect_foreign": Answer(302, b"", [("Location", f"http://{FOREIGN}:{port}{path}")]),
        "redirect_nowhere": Answer(302, b"", [("Location", "http://[::1/")]),
    }[rule.fault]


async def deliver(writer: asyncio.StreamWriter, answer: Answer, rule: Rule | None, entry: Entry, bare: bool) -> None:
    """Write the answer, broken or slowed as the rule says."""
    name, value, body = (rule.fault, rule.value, answer.body) if rule else ("", None, answer.body)
    if name == "flip" and body:
        where = int(len(body) // 2 if value is None else value) % len(body)
        body = body[:where] + bytes([body[where] ^ 0xFF]) + body[where + 1 :]
    length = len(body) + (int(value or 100) if name == "wrong_length" else 0)
    known = bare and any(key.lower() == "content-length" for key, _ in answer.headers)
    writer.write(head(answer, None if name == "cut_unsaid" or known else max(0, length)))
    if name in ("reset_mid", "truncate", "cut_unsaid", "hang_mid"):
        body = body[: int(len(body) // 2 if value is None else value)]
    for piece, pause in _pieces(b"" if bare else body, value if name == "drip" else None):
        writer.write(piece)
        entry.sent += len(piece)
        await writer.drain()
        await asyncio.sleep(pause)
    if name == "hang_mid":
        await asyncio.sleep(3600)
    if name == "reset_mid":
        await asyncio.sleep(0.05)  # let what was written leave, or the reset overtakes it
        reset(writer)


def _pieces(body: bytes, rate: float | None) -> Iterator[tuple[bytes, float]]:
    step = 65536 if rate is None else max(1, int(rate / 10))
    for start in range(0, len(body), step):
        yield body[start : start + step], 0 if rate is None else 0.1
