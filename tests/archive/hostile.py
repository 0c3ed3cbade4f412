"""A proxy on loopback that does to an archive's answers what networks and archives do to them on bad days.

In a test:      with Hostile("http://127.0.0.1:8080") as proxy: proxy.rules = [Rule("GET /file", "reset", times=1)]
By itself:      PYTHONPATH=tests python -m archive.hostile http://127.0.0.1:8080 --port 9000 --rate 0.3 --seed 1

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
import threading
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from urllib.parse import urlsplit

from archive.faults import BROKEN, FAULTS, FOREIGN, HTML, RARE, SHAPED, Entry, Rule, deliver, instead
from archive.wire import Answer, body_of, close, first, head, lines, lower, request, reset

__all__ = ["FAULTS", "FOREIGN", "HTML", "Entry", "Hostile", "Rule"]


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
        method, path, _, _ = await request(reader)
        self.foreign.append(f"{method} {path}")
        writer.write(head(Answer(200), len(HTML)) + HTML)
        await close(writer)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._tasks.add(task := asyncio.current_task())
        try:
            method, path, headers, body = await request(reader)
            if path == "/_faults":
                await self._control(writer, method, body)
            elif path.startswith("/_loop"):
                writer.write(head(Answer(302, headers=[("Location", path)]), 0))
            else:
                await self._answer(writer, method, path, headers, body)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client has gone, as clients do that give up
        finally:
            self._tasks.discard(task)
            await close(writer)

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
        writer.write(head(Answer(200, headers=[("Content-Type", "application/json")]), len(text)) + text)
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
        self.log.append(entry := Entry(method, path, dict(lower(headers)).get("range", ""), name))
        if name == "reset":
            return reset(writer)
        if name in ("hang", "delay"):
            await asyncio.sleep(rule.value or (3600 if name == "hang" else 1))
        if name == "hang":
            return None
        answer = instead(rule, path, self.port) if name in (*SHAPED, *RARE) else None
        answer = answer or await self._ask(method, path, headers, body)
        entry.status = answer.status
        await deliver(writer, answer, rule, entry, method == "HEAD")
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
        writer.write(f"{method} {path} HTTP/1.1\r\n".encode() + lines(kept) + body)
        try:
            line, back = await first(reader)
            status, known = int(line.split(" ")[1]), dict(lower(back))
            empty = method == "HEAD" or status in (204, 304)
            content = b"" if empty else await body_of(reader, known, whole=True)
        finally:
            await close(writer)
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
