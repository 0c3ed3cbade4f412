"""A proxy on loopback that does to an archive's answers what networks and archives do to them on bad days.

In a test:      with Hostile("http://127.0.0.1:8080") as proxy: proxy.rules = [Rule("GET /file", "reset", times=1)]
By itself:      python tests/archive/hostile.py http://127.0.0.1:8080 --port 9000 --rate 0.3 --seed 1

Faults come by rules (a regular expression on "METHOD path", how often) and, beside them, at a random rate: a function
of seed, request and how often that request came before, so that no order of parallel requests changes what happens.
Range and all other request headers are passed on; the archive's own address in its answers is made the proxy's.
`value` of a rule means: status: the number; reset_mid, truncate, cut_unsaid, hang_mid: bytes of body that still come;
hang, delay: seconds; drip: bytes per second; flip: which byte; wrong_length: bytes announced too many (too few: < 0).
As a process: POST /_faults takes {"rules": [...], "rate": 0.1}, GET /_faults tells rules and log.
"""

import argparse
import asyncio
import base64
import json
import random
import re
import socket
import struct
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from urllib.parse import urlsplit

FOREIGN = "127.0.0.2"  # loopback too, but another host: a visit to it is seen
SHAPED = ("status", "busy", "reset", "html", "empty", "votable_error", "redirect_loop", "redirect_foreign")
BROKEN = ("reset_mid", "truncate", "cut_unsaid", "wrong_length", "flip")
SLOW = ("hang", "hang_mid", "drip", "delay")
FAULTS = (*SHAPED, *BROKEN, *SLOW)
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


@dataclass
class Answer:
    """What the archive said, or what is said in its place."""

    status: int
    body: bytes = b""
    headers: list[tuple[str, str]] = field(default_factory=list)


class Hostile:
    """The proxy, in a thread of its own; `url` is where it listens, `log` what came, `foreign` who was led astray."""

    def __init__(
        self,
        upstream: str,
        rules: Sequence[Rule] = (),
        rate: float = 0.0,
        seed: int = 1,
        kinds: Sequence[str] = (*SHAPED, *BROKEN),
        port: int = 0,
    ) -> None:
        parts = urlsplit(upstream)
        self.upstream = (parts.hostname or "127.0.0.1", parts.port or 80)
        self.rules, self.rate, self.seed, self.kinds, self.port = list(rules), rate, seed, tuple(kinds), port
        self.log: list[Entry] = []
        self.foreign: list[str] = []
        self._seen: Counter[str] = Counter()
        self._tasks: set[asyncio.Task] = set()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> "Hostile":
        self._loop, ready = asyncio.new_event_loop(), threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), daemon=True)
        self._thread.start()
        if not ready.wait(10):
            raise RuntimeError("the proxy did not start")
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join(10)

    def counts(self) -> Counter[str]:
        """How often each fault was done; '' for requests that went through."""
        return Counter(entry.fault for entry in self.log)

    def clear(self) -> None:
        """Forget what came, also for the random faults, and all rules."""
        self.rules.clear()
        self.log.clear()
        self.foreign.clear()
        self._seen.clear()

    def _run(self, ready: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve(ready))
        self._loop.close()

    async def _serve(self, ready: threading.Event) -> None:
        self._stopped = asyncio.Event()
        server = await asyncio.start_server(self._accept, "127.0.0.1", self.port, limit=2**20)
        self.port = server.sockets[0].getsockname()[1]
        servers = [server]
        with suppress(OSError):  # a system without that address sees no visits to the foreign host
            servers.append(await asyncio.start_server(self._stranger, FOREIGN, self.port))
        ready.set()
        await self._stopped.wait()
        for each in servers:
            each.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _stranger(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        method, path, _, _ = await _request(reader)
        self.foreign.append(f"{method} {path}")
        writer.write(_head(Answer(200), len(HTML)) + HTML)
        await _close(writer)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._tasks.add(task := asyncio.current_task())
        try:
            method, path, headers, body = await _request(reader)
            if path == "/_faults":
                await self._control(writer, method, body)
            elif path.startswith("/_loop"):
                writer.write(_head(Answer(302, headers=[("Location", path)]), 0))
            else:
                await self._answer(writer, method, path, headers, body)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client has gone, as clients do that give up
        finally:
            self._tasks.discard(task)
            await _close(writer)

    async def _control(self, writer: asyncio.StreamWriter, method: str, body: bytes) -> None:
        if method == "POST":
            told = json.loads(body)
            self.clear()
            self.rules, self.rate = [Rule(**rule) for rule in told.get("rules", ())], told.get("rate", 0.0)
        state = {
            "rules": [asdict(r) for r in self.rules],
            "log": [asdict(e) for e in self.log],
            "foreign": self.foreign,
        }
        text = json.dumps(state).encode()
        writer.write(_head(Answer(200, headers=[("Content-Type", "application/json")]), len(text)) + text)
        await writer.drain()

    def _fault(self, line: str) -> Rule | None:
        self._seen[line] += 1
        for rule in self.rules:
            if rule.applies(line):
                return rule
        dice = random.Random(f"{self.seed} {line} {self._seen[line]}")
        return Rule(line, dice.choice(self.kinds)) if dice.random() < self.rate else None

    async def _answer(
        self, writer: asyncio.StreamWriter, method: str, path: str, headers: list[tuple[str, str]], body: bytes
    ) -> None:
        rule = self._fault(f"{method} {path}")
        name = rule.fault if rule else ""
        self.log.append(entry := Entry(method, path, dict(_lower(headers)).get("range", ""), name))
        if name == "reset":
            return _reset(writer)
        if name in ("hang", "delay"):
            await asyncio.sleep(rule.value or (3600 if name == "hang" else 1))
        if name == "hang":
            return None
        answer = _instead(rule, path, self.port) if name in SHAPED else None
        answer = answer or await self._ask(method, path, headers, body)
        entry.status = answer.status
        await _deliver(writer, answer, rule, entry, method == "HEAD")
        return None

    async def _ask(self, method: str, path: str, headers: list[tuple[str, str]], body: bytes) -> Answer:
        reader, writer = await asyncio.open_connection(*self.upstream, limit=2**20)
        own = {
            "connection",
            "accept-encoding",
            "proxy-connection",
            "expect",
            "transfer-encoding",
            "content-length",
            "host",
        }
        kept = [(key, value) for key, value in headers if key.lower() not in own]
        kept += [
            ("Host", f"{self.upstream[0]}:{self.upstream[1]}"),
            ("Connection", "close"),
            ("Content-Length", str(len(body))),
        ]
        writer.write(f"{method} {path} HTTP/1.1\r\n".encode() + _lines(kept) + body)
        try:
            line, back = await _first(reader)
            status, known = int(line.split(" ")[1]), dict(_lower(back))
            empty = method == "HEAD" or status in (204, 304)
            content = b"" if empty else await _body(reader, known, whole=True)
        finally:
            await _close(writer)
        back = [
            (k, v)
            for k, v in back
            if k.lower() not in ("transfer-encoding", "connection", *([] if empty else ["content-length"]))
        ]
        return self._rewritten(Answer(status, content, back), known.get("content-type", ""))

    def _rewritten(self, answer: Answer, kind: str) -> Answer:
        for host in (self.upstream[0], "localhost", "127.0.0.1"):
            old, new = f"{host}:{self.upstream[1]}", f"127.0.0.1:{self.port}"
            answer.headers = [(key, value.replace(old, new)) for key, value in answer.headers]
            if re.search("xml|text|json|votable", kind):
                answer.body = _replaced(answer.body.replace(old.encode(), new.encode()), old.encode(), new.encode())
        return answer


def _replaced(votable: bytes, old: bytes, new: bytes) -> bytes:
    """Also in the binary tables of a VOTable, whose texts cannot change their length."""

    def one(found: re.Match) -> bytes:
        plain = base64.b64decode(found[2])
        return found[1] + base64.b64encode(plain.replace(old, new) if len(old) == len(new) else plain) + found[3]

    return re.sub(rb'(<STREAM encoding="base64">)([^<]*)(</STREAM>)', one, votable)


def _instead(rule: Rule, path: str, port: int) -> Answer:
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
    }[rule.fault]


async def _deliver(writer: asyncio.StreamWriter, answer: Answer, rule: Rule | None, entry: Entry, bare: bool) -> None:
    """Write the answer, broken or slowed as the rule says."""
    name, value, body = (rule.fault, rule.value, answer.body) if rule else ("", None, answer.body)
    if name == "flip" and body:
        where = int(len(body) // 2 if value is None else value) % len(body)
        body = body[:where] + bytes([body[where] ^ 0xFF]) + body[where + 1 :]
    length = len(body) + (int(value or 100) if name == "wrong_length" else 0)
    known = bare and any(key.lower() == "content-length" for key, _ in answer.headers)
    writer.write(_head(answer, None if name == "cut_unsaid" or known else max(0, length)))
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
        _reset(writer)


def _pieces(body: bytes, rate: float | None) -> Iterator[tuple[bytes, float]]:
    step = 65536 if rate is None else max(1, int(rate / 10))
    for start in range(0, len(body), step):
        yield body[start : start + step], 0 if rate is None else 0.1


async def _request(reader: asyncio.StreamReader) -> tuple[str, str, list[tuple[str, str]], bytes]:
    line, headers = await _first(reader)
    method, path, _ = line.split(" ", 2)
    return method, path, headers, await _body(reader, dict(_lower(headers)), whole=False)


async def _first(reader: asyncio.StreamReader) -> tuple[str, list[tuple[str, str]]]:
    line, *rest = (await reader.readuntil(b"\r\n\r\n")).decode("latin1").split("\r\n")
    pairs = (text.partition(":") for text in rest if text)
    return line, [(key, value.strip()) for key, _, value in pairs]


async def _body(reader: asyncio.StreamReader, headers: dict[str, str], whole: bool) -> bytes:
    """Body by chunks, by length, or (`whole`) all that comes until the other side closes."""
    if "chunked" in headers.get("transfer-encoding", ""):
        out = b""
        while size := int((await reader.readline()).split(b";")[0], 16):
            out += (await reader.readexactly(size + 2))[:-2]
        await reader.readline()
        return out
    if "content-length" in headers:
        return await reader.readexactly(int(headers["content-length"]))
    return await reader.read() if whole else b""


def _lower(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(key.lower(), value) for key, value in headers]


def _lines(headers: list[tuple[str, str]]) -> bytes:
    return "".join(f"{key}: {value}\r\n" for key, value in headers).encode("latin1") + b"\r\n"


def _head(answer: Answer, length: int | None) -> bytes:
    said = [] if length is None else [("Content-Length", str(length))]
    return f"HTTP/1.1 {answer.status} Answer\r\n".encode() + _lines([*answer.headers, *said, ("Connection", "close")])


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close with RST instead of FIN."""
    raw = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def _close(writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        writer.close()
        await writer.wait_closed()


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("upstream", help="address of the archive, http://host:port")
    parser.add_argument("--port", type=int, default=0, help="port to listen on (default: a free one)")
    parser.add_argument(
        "--rules", type=json.loads, default=[], help='JSON: [{"match": "GET /x", "fault": "reset", "times": 2}]'
    )
    parser.add_argument("--rate", type=float, default=0.0, help="share of requests that get a random fault")
    parser.add_argument("--seed", type=int, default=1, help="seed of the random faults")
    given = parser.parse_args()
    with Hostile(given.upstream, [Rule(**r) for r in given.rules], given.rate, given.seed, port=given.port) as proxy:
        print(proxy.url, flush=True)
        with suppress(KeyboardInterrupt):
            threading.Event().wait()
        print(dict(proxy.counts()))


if __name__ == "__main__":
    main()
