"""A TAP service of a few lines on loopback: a function from ADQL to a table answers; faults are put in by tests."""

import io
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

from astropy.io.votable import from_table
from astropy.table import Table

ERROR = '<?xml version="1.0"?><VOTABLE version="1.3"><RESOURCE type="results"><INFO name="QUERY_STATUS" value="ERROR">'


class Tap:
    """`answer` makes the table of a query, or raises ValueError with the words of a refusal.

    `maxrec` cuts answers off, `silent` without a word; `plan` is a list of replies (status, headers, body) that are
    given first, one for each request; `log` has every request's line; `phases` are those of a job.
    """

    def __init__(self, answer: Callable[[str], Table]) -> None:
        self.answer, self.maxrec, self.silent, self.plan, self.log, self.queries = answer, 10**6, False, [], [], []
        self.sync_maxrec, self.phases, self.jobs, self.headers = None, ["QUEUED", "EXECUTING", "COMPLETED"], {}, []

    def __enter__(self) -> "Tap":
        tap = self

        class Handler(_Handler):
            served = tap

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/tap"
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    def rows(self, adql: str, asked: int, most: int) -> bytes:
        """The answer as a VOTable."""
        try:
            table = self.answer(adql)
        except ValueError as refusal:
            return f"{ERROR}{refusal}</INFO></RESOURCE></VOTABLE>".encode()
        most = min(asked, most)
        stream = io.BytesIO()
        from_table(table[:most]).to_xml(stream)
        text = stream.getvalue()
        if len(table) > most and not self.silent:
            text = text.replace(b"</TABLE>", b'</TABLE><INFO name="QUERY_STATUS" value="OVERFLOW"/>')
        return text


class _Handler(BaseHTTPRequestHandler):
    served: Tap
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Nothing on the terminal."""

    def do_GET(self) -> None:
        tap = self.served
        tap.log.append(f"{self.command} {self.path}")
        tap.headers.append(dict(self.headers))
        form = parse_qs(self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode())
        if tap.plan:
            return self.reply(*tap.plan.pop(0))
        if self.path == "/tap/sync":
            tap.queries.append(form["QUERY"][0])
            most = tap.maxrec if tap.sync_maxrec is None else tap.sync_maxrec
            return self.reply(200, {}, tap.rows(form["QUERY"][0], int(form["MAXREC"][0]), most))
        if self.path == "/tap/async":
            name = str(len(tap.jobs))
            tap.jobs[name] = [form["QUERY"][0], int(form["MAXREC"][0]), list(tap.phases)]
            return self.reply(303, {"Location": f"/tap/async/{name}"}, b"")
        return self.job(*self.path.removeprefix("/tap/async/").split("/", 1))

    do_POST = do_DELETE = do_GET

    def job(self, name: str, what: str = "") -> None:
        tap = self.served
        adql, asked, phases = tap.jobs[name]
        if what == "phase":
            return self.reply(200, {}, (phases.pop(0) if len(phases) > 1 else phases[0]).encode())
        if what == "results/result":
            return self.reply(200, {}, tap.rows(adql, asked, tap.maxrec))
        if what == "error":
            return self.reply(200, {}, f"{ERROR}the disk is full</INFO></RESOURCE></VOTABLE>".encode())
        return self.reply(200, {}, b"")

    def reply(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if "Content-Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
