"""The fault proxy does what it says: each fault seen through a plain client, and all else passed on unharmed."""

import hashlib
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests
from archive.hostile import FAULTS, HTML, Hostile, Rule

pytestmark = pytest.mark.slow

BODY = hashlib.shake_128(b"file").digest(50_000)


class Archive(BaseHTTPRequestHandler):
    """One file of known bytes at every path, with Range; /table names the server's own address; /loop is elsewhere."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        host = self.headers["Host"]
        if self.path == "/table":
            return self.reply(200, f"<url>http://{host}/file</url>".encode(), {"Content-Type": "text/xml"})
        if self.path == "/moved":
            return self.reply(302, b"", {"Location": f"http://{host}/file"})
        if span := self.headers.get("Range"):
            first = int(span.removeprefix("bytes=").rstrip("-"))
            return self.reply(206, BODY[first:], {"Content-Range": f"bytes {first}-{len(BODY) - 1}/{len(BODY)}"})
        return self.reply(200, BODY, {"Content-Type": "application/fits"})

    do_HEAD = do_GET

    def do_POST(self) -> None:
        self.reply(200, self.rfile.read(int(self.headers["Content-Length"])), {})

    def reply(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for key, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def upstream() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Archive) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_port}"
        server.shutdown()


@pytest.fixture
def proxy(upstream: str) -> Iterator[Hostile]:
    with Hostile(upstream) as proxy:
        yield proxy


def get(proxy: Hostile, path: str = "/file", timeout: float = 20, **options: object) -> requests.Response:
    return requests.get(proxy.url + path, timeout=timeout, **options)


def test_without_faults_all_passes(proxy):
    assert get(proxy).content == BODY
    part = get(proxy, headers={"Range": "bytes=40000-"})
    assert (part.status_code, part.content, part.headers["Content-Range"]) == (
        206,
        BODY[40000:],
        "bytes 40000-49999/50000",
    )
    assert requests.head(proxy.url + "/file", timeout=20).headers["Content-Length"] == "50000"
    assert requests.post(proxy.url + "/any", data=iter([b"chun", b"ked"]), timeout=20).content == b"chunked"
    assert [(e.method, e.path, e.range, e.fault) for e in proxy.log[:2]] == [
        ("GET", "/file", "", ""),
        ("GET", "/file", "bytes=40000-", ""),
    ]


def test_the_archives_own_address_becomes_the_proxys(proxy):
    assert get(proxy, "/table").text == f"<url>{proxy.url}/file</url>"
    assert get(proxy, "/moved").url == proxy.url + "/file"


def test_statuses(proxy):
    proxy.rules = [
        Rule("/file", "status", times=1),
        Rule("/file", "busy", times=1, retry_after="7"),
        Rule("", "status", value=404),
    ]
    answers = [get(proxy) for _ in range(3)]
    assert [a.status_code for a in answers] == [503, 503, 404]
    assert [a.headers.get("Retry-After") for a in answers] == [None, "7", None]


@pytest.mark.parametrize(
    ("fault", "value", "error"),
    [
        ("reset", None, requests.ConnectionError),
        ("reset_mid", 9000, (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)),
        ("truncate", 9000, requests.exceptions.ChunkedEncodingError),
        ("wrong_length", 100, requests.exceptions.ChunkedEncodingError),
        ("hang", None, requests.Timeout),
        ("hang_mid", 9000, requests.ConnectionError),
        ("redirect_loop", None, requests.TooManyRedirects),
    ],
)
def test_faults_that_a_client_notices(proxy, fault, value, error):
    proxy.rules = [Rule("GET /file", fault, times=1, value=value)]
    with pytest.raises(error):
        get(proxy, timeout=0.5 if fault.startswith("hang") else 20)
    assert get(proxy).content == BODY  # and it passes


def test_faults_that_a_client_does_not_notice(proxy):
    proxy.rules = [
        Rule("/file", "cut_unsaid", 1, 9000),
        Rule("/file", "wrong_length", 1, -41000),
        Rule("/file", "flip", 1, 17),
        Rule("/file", "html", 1),
        Rule("/file", "empty", 1),
        Rule("/file", "votable_error", 1),
    ]
    cut, short, flipped, html, empty, votable = (get(proxy) for _ in proxy.rules)
    assert {a.status_code for a in (cut, short, flipped, html, empty, votable)} == {200}
    assert cut.content == short.content == BODY[:9000]
    assert "Content-Length" not in cut.headers
    assert [i for i, (a, b) in enumerate(zip(flipped.content, BODY, strict=True)) if a != b] == [17]
    assert (html.content, empty.content) == (HTML, b"")
    assert b'value="ERROR"' in votable.content


def test_a_foreign_host_sees_who_is_led_there(proxy):
    proxy.rules = [Rule("/file", "redirect_foreign")]
    assert get(proxy, allow_redirects=False).headers["Location"].startswith("http://127.0.0.2:")
    assert proxy.foreign == []
    get(proxy)
    assert proxy.foreign == ["GET /file"]


def test_slow_answers(proxy):
    proxy.rules = [Rule("/file", "drip", 1, 200_000), Rule("/file", "delay", 1, 0.3)]
    for least in (0.2, 0.3):  # 50,000 bytes at 200,000 a second, and a pause
        begun = time.monotonic()
        assert get(proxy).content == BODY
        assert time.monotonic() - begun >= least


def test_random_faults_have_their_rate_and_do_not_depend_on_order(upstream):
    paths = [f"/file/{n}" for n in range(200)]

    def ask(workers: int) -> dict[str, str]:
        with (
            Hostile(upstream, rate=0.3, seed=5, kinds=("status", "empty", "html")) as proxy,
            ThreadPoolExecutor(workers) as pool,
        ):
            list(pool.map(lambda path: get(proxy, path), paths))
            return {entry.path: entry.fault for entry in proxy.log}

    one = ask(1)
    assert one == ask(8)
    assert 40 <= sum(map(bool, one.values())) <= 80  # 60 expected, sd 6.5


def test_rules_come_over_http_and_hanging_clients_do_not_hold_the_end_up(upstream):
    with Hostile(upstream) as proxy:
        rules = [{"match": "/file", "fault": "hang"}]
        assert requests.post(proxy.url + "/_faults", json={"rules": rules}, timeout=20).ok
        with pytest.raises(requests.Timeout):
            get(proxy, timeout=0.5)
        state = get(proxy, "/_faults").json()
        assert (state["rules"][0]["fault"], state["log"][0]["fault"]) == ("hang", "hang")
        begun = time.monotonic()
    assert time.monotonic() - begun < 8  # it would wait for ten
    with pytest.raises(ValueError, match="no fault 'hung'"):
        Rule("", "hung")
    assert len(set(FAULTS)) == len(FAULTS)
