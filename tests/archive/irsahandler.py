"""How the stand-in for IRSA answers a request: TAP, SIA2, datalink, files."""

import hashlib
import json
import re
import socket
import time
from dataclasses import asdict, dataclass
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

from archive.irsafiles import Segments, Unanswerable
from archive.irsatables import Refused, error, votable, words

PIECE = 65536
VOTABLE, FITS, XML = "application/x-votable+xml", "application/fits", "text/xml"
UWS = 'xmlns="http://www.ivoa.net/xml/UWS/v1.0" xmlns:xlink="http://www.w3.org/1999/xlink"'


@dataclass
class Request:
    """One request as it came; `at_once` counts it and those beside it, `sent` bytes of body handed to the system."""

    method: str
    path: str
    range: str
    at_once: int
    status: int = 0
    sent: int = 0


@dataclass
class Job:
    """An asynchronous query: begun at `begun`, done `seconds` later."""

    adql: str = ""
    maxrec: int | None = None
    begun: float | None = None
    seconds: float = 0.0
    stopped: bool = False
    result: bytes = b""
    fault: str = ""

    @property
    def phase(self) -> str:
        """The UWS word."""
        if self.stopped:
            return "ABORTED"
        if self.begun is None:
            return "PENDING"
        if time.monotonic() < self.begun + self.seconds:
            return "EXECUTING"
        return "ERROR" if self.fault else "COMPLETED"


class Handler(BaseHTTPRequestHandler):
    """One connection; `server.irsa` is what it answers for."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        """Keep little in the system's hands, so that what a client does not read is hardly sent."""
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * PIECE)
        super().setup()

    def log_message(self, *_: object) -> None:
        """Nothing on the terminal; the log is a list."""

    def do_GET(self) -> None:
        """Answer, and count while answering."""
        irsa, parts = self.server.irsa, urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        posted = self.rfile.read(length).decode()
        self.asked = {key.upper(): values for key, values in {**parse_qs(parts.query), **parse_qs(posted)}.items()}
        is_bucket = parts.path.startswith("/s3/")
        with irsa.lock:
            irsa.active += not is_bucket
            irsa.most = max(irsa.most, irsa.active)
            self.entry = Request(self.command, self.path, self.headers.get("Range", ""), irsa.active)
            irsa.log.append(self.entry)
        try:
            if not is_bucket and self.entry.at_once > irsa.limit:
                wait = {"Retry-After": irsa.retry_after} if irsa.retry_after else {}
                self.reply(503, [b"<html><body>Service Unavailable</body></html>"], "text/html", wait)
            else:
                self.answer(parts.path)
        except OSError:  # the client has gone
            self.close_connection = True
        finally:
            with irsa.lock:
                irsa.active -= not is_bucket

    do_POST = do_HEAD = do_DELETE = do_GET

    def answer(self, path: str) -> None:
        """Choose by path."""
        for pattern, method in (
            (r"/TAP/sync", self.sync),
            (r"/TAP/async(?:/(\w+))?(?:/(phase|parameters|error|results/result))?", self.job),
            (r"/(TAP|SIA)/(capabilities|availability)", self.about),
            (r"/SIA", self.images),
            (r"/datalink", self.links),
            (r"/(ibe/data/spherex|s3)/(.+)", self.file),
            (r"/_log", self.told),
        ):
            if found := re.fullmatch(pattern, path):
                return method(*found.groups())
        return self.reply(404, [b"<html><body>Not Found</body></html>"], "text/html")

    def one(self, key: str) -> str | None:
        """The last value of a parameter."""
        return self.asked.get(key, [None])[-1]

    def most_rows(self) -> int:
        """MAXREC as asked, but not more than the server gives."""
        return min(int(self.one("MAXREC") or self.server.irsa.maxrec), self.server.irsa.maxrec)

    def sync(self) -> None:
        """TAP at once."""
        try:
            self.reply(200, [votable(*self.server.irsa.tables.ask(self.one("QUERY") or "", self.most_rows()))], VOTABLE)
        except Refused as refused:
            self.reply(400, [error(str(refused))], VOTABLE)

    def job(self, name: str | None, what: str | None) -> None:
        """TAP in its own time: submit, start, watch, fetch, delete."""
        irsa = self.server.irsa
        if name is None:
            name = f"j{len(irsa.jobs)}"
            irsa.jobs[name] = job = Job(seconds=irsa.job_seconds)
        elif (job := irsa.jobs.get(name)) is None:
            return self.reply(404, [b"no such job"], "text/plain")
        if self.command == "DELETE" or self.one("ACTION") == "DELETE":
            irsa.jobs.pop(name)
            return self.see(f"{irsa.tap}/async")
        if self.command == "POST":
            self.change(job)
            return self.see(f"{irsa.tap}/async/{name}")
        if what == "phase":
            return self.reply(200, [job.phase.encode()], "text/plain")
        if what == "results/result" and job.phase == "COMPLETED":
            return self.reply(200, [job.result], VOTABLE)
        if what == "error" and job.phase == "ERROR":
            return self.reply(200, [error(job.fault)], VOTABLE)
        return self.reply(404, [b"not yet"], "text/plain") if what else self.reply(200, [self.state(name, job)], XML)

    def change(self, job: Job) -> None:
        """What a POST says to a job."""
        job.adql = self.one("QUERY") or job.adql
        job.maxrec = self.most_rows() if self.one("MAXREC") else job.maxrec
        job.stopped |= self.one("PHASE") == "ABORT"
        if self.one("PHASE") == "RUN" and job.begun is None:
            try:
                most = self.server.irsa.maxrec if job.maxrec is None else job.maxrec
                job.result = votable(*self.server.irsa.tables.ask(job.adql, most))
            except Refused as refused:
                job.fault = str(refused)
            job.begun = time.monotonic()

    def state(self, name: str, job: Job) -> bytes:
        """The job's document."""
        result = f"{self.server.irsa.tap}/async/{name}/results/result"
        results = f'<result id="result" xlink:href="{result}"/>' if job.phase == "COMPLETED" else ""
        fault = f'<errorSummary type="fatal" hasDetail="true"><message>{escape(job.fault)}</message></errorSummary>'
        return (
            f'<?xml version="1.0"?><job {UWS} version="1.1"><jobId>{name}</jobId><ownerId/><phase>{job.phase}</phase>'
            "<quote/><creationTime>2026-01-01T00:00:00Z</creationTime><startTime/><endTime/><executionDuration>3600"
            f"</executionDuration><destruction>2036-01-01T00:00:00Z</destruction><parameters/><results>{results}</results>"
            f"{fault if job.phase == 'ERROR' else ''}</job>"
        ).encode()

    def see(self, where: str) -> None:
        """303: the answer to a POST is elsewhere."""
        self.reply(303, [], "text/plain", {"Location": where})

    def about(self, service: str, what: str) -> None:
        """VOSI documents."""
        if what == "availability":
            vosi = 'xmlns="http://www.ivoa.net/xml/VOSIAvailability/v1.0"'
            return self.reply(200, [f"<availability {vosi}><available>true</available></availability>".encode()], XML)
        base = self.server.irsa.tap if service == "TAP" else self.server.irsa.sia
        standard = "ivo://ivoa.net/std/TAP" if service == "TAP" else "ivo://ivoa.net/std/SIA#query-2.0"
        return self.reply(200, [CAPABILITIES.format(standard=standard, base=base).encode()], XML)

    def images(self) -> None:
        """SIA2."""
        try:
            if (self.one("RESPONSEFORMAT") or "VOTABLE").lower() not in ("votable", VOTABLE, "text/xml"):
                raise Refused(f"UsageFault: this stand-in has no RESPONSEFORMAT {self.one('RESPONSEFORMAT')}")
            self.reply(200, [votable(*self.server.irsa.tables.sia(self.asked, self.most_rows()))], VOTABLE)
        except Refused as refused:
            self.reply(200, [error(str(refused))], VOTABLE)

    def links(self) -> None:
        """The datalink document of a product: #this, and the cutout service by its address."""
        irsa, name = self.server.irsa, self.one("ID") or ""
        exposure = irsa.by_plan.get(name)
        state = irsa.expired.get(exposure.name if exposure else "", "" if exposure else "row")
        if state == "gone":
            return self.reply(404, [b"<html><body>Not Found</body></html>"], "text/html")
        columns = words("ID access_url service_def error_message semantics description content_type content_length")
        if state:
            rows = [[name, None, None, "NotFoundFault: the link has expired", "#this", None, None, None]]
        else:
            length = sum(len(segment) for segment in exposure.whole())
            url = irsa.file_url(exposure)
            rows = [
                [name, url.replace(".fits", ".png"), None, None, "#preview", "Preview", "image/png", None],
                [name, url, None, None, "#this", "Primary image", "image/fits", length],
            ]
        return self.reply(200, [votable(columns, rows)], "application/x-votable+xml;content=datalink")

    def file(self, root: str, key: str) -> None:
        """A file or a cutout of it."""
        irsa = self.server.irsa
        if (exposure := irsa.by_key.get(key)) is None:
            return self.reply(404, [b"<html><body>Not Found</body></html>"], "text/html")
        is_cut = root != "s3" and bool({"CENTER", "SIZE"} & set(self.asked))
        time.sleep(irsa.pause)
        try:
            content = exposure.cutout(self.one("CENTER"), self.one("SIZE")) if is_cut else exposure.whole()
        except Unanswerable as reason:
            return self.reply(400, [f"<html><body>{reason}</body></html>".encode()], "text/html")
        tag = hashlib.sha256(f"{key} {self.asked} {exposure.file.stat().st_mtime_ns}".encode()).hexdigest()[:16]
        headers = {"ETag": f'"{tag}"', **({} if is_cut else {"Accept-Ranges": "bytes"})}
        total = sum(len(segment) for segment in content)
        span = re.fullmatch(r"bytes=(\d+)-(\d*)", self.entry.range)
        if is_cut or not span:
            return self.reply(200, content, FITS, headers)
        first, last = int(span[1]), min(int(span[2] or total - 1), total - 1)
        if first > last:
            return self.reply(416, [], FITS, {"Content-Range": f"bytes */{total}"})
        headers["Content-Range"] = f"bytes {first}-{last}/{total}"
        return self.reply(206, _part(content, first, last + 1), FITS, headers)

    def told(self) -> None:
        """What was asked, for tests whose server is another process."""
        irsa = self.server.irsa
        state = {"most": irsa.most, "log": [asdict(request) for request in list(irsa.log)]}
        self.reply(200, [json.dumps(state).encode()], "application/json")

    def reply(self, status: int, content: Segments, kind: str, headers: dict[str, str] | None = None) -> None:
        """Write an answer in pieces; what the client does not read any more is not sent."""
        self.entry.status = status
        self.send_response(status)
        total = sum(len(segment) for segment in content)
        for key, value in {"Content-Type": kind, "Content-Length": str(total), **(headers or {})}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        for segment in content:
            view = memoryview(segment)
            for start in range(0, len(view), PIECE):
                self.wfile.write(piece := view[start : start + PIECE])
                self.entry.sent += len(piece)


def _part(content: Segments, first: int, end: int) -> Segments:
    out, at = [], 0
    for segment in content:
        out.append(memoryview(segment)[max(0, first - at) : max(0, end - at)])
        at += len(segment)
    return out


CAPABILITIES = """<?xml version="1.0" encoding="UTF-8"?>
<vosi:capabilities xmlns:vosi="http://www.ivoa.net/xml/VOSICapabilities/v1.0"
  xmlns:vs="http://www.ivoa.net/xml/VODataService/v1.1" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<capability standardID="{standard}"><interface role="std" version="2.0" xsi:type="vs:ParamHTTP">
<accessURL use="base">{base}</accessURL></interface></capability></vosi:capabilities>
"""
