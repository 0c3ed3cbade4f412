"""Every fault of an archive: nothing lost, nothing wrong accepted, all fetched when it passes, a reason when not."""

import base64
import hashlib
import time
from pathlib import Path

import pytest
from archive.fileserver import FileServer
from archive.hostile import Hostile, Rule
from archive.mefs import mef
from archive.tilefolder import Tile, level2
from swath.archive.ledger import FOLDER, failed_jobs
from swath.errors import InputError

pytestmark = pytest.mark.slow

FILES = {f"/{level2(number)}": mef(number, psf=False) for number in range(3)}
NAMES = [path[1:] for path in FILES]
BROKEN = NAMES[1]
LENGTH = len(FILES[f"/{BROKEN}"])
HDUS = ("IMAGE", "FLAGS", "VARIANCE", "ZODI")

FAULTS = {
    "503": (Rule("", "status", value=503), "HTTP 503"),
    "503 with Retry-After": (Rule("", "busy", retry_after="1"), "HTTP 503"),
    "500": (Rule("", "status", value=500), "HTTP 500"),
    "reset before the body": (Rule("", "reset"), "connection"),
    "reset amid the body": (Rule("", "reset_mid"), "connection"),
    "truncated": (Rule("", "truncate"), "connection"),
    "truncated, no length": (Rule("", "cut_unsaid", value=LENGTH - 100), "ends within HDU"),
    "truncated at an HDU, no length": (Rule("", "cut_unsaid", value=2880 + 2880 + 8640), "no HDU FLAGS"),
    "truncated in a header, no length": (Rule("", "cut_unsaid", value=4000), "ends within a header"),
    "hangs": (Rule("", "hang"), "fell silent"),
    "hangs amid the body": (Rule("", "hang_mid"), "fell silent"),
    "drips": (Rule("", "drip", value=4000), "too slow"),
    "web page": (Rule("", "html"), "not FITS.*text/html"),
    "VOTable error": (Rule("", "votable_error"), "not FITS.*votable"),
    "empty": (Rule("", "empty"), "empty"),
    "flipped data": (Rule("", "flip", value=2880 + 2880 + 700), "DATASUM of HDU IMAGE"),
    "flipped padding": (Rule("", "flip", value=2880 + 2880 + 6400 + 100), "DATASUM of HDU IMAGE"),
    "flipped header": (Rule("", "flip", value=2880 + 82 + 25), "not FITS|CHECKSUM|no whole number"),
    "circle of redirects": (Rule("", "redirect_loop"), "circle"),
    "foreign host": (Rule("", "redirect_foreign"), "127.0.0.2 is not among those allowed"),
    "redirect to no URL": (Rule("", "redirect_nowhere"), "leads to what is no URL"),
    "too long a length": (Rule("", "wrong_length", value=100), "connection"),
    "too short a length": (Rule("", "wrong_length", value=-100), "ends within HDU"),
}
SETTINGS = {"low_speed_kbs": 20.0, "low_speed_s": 0.4, "hdus": HDUS}
HTTP = {"read_timeout_s": 0.4, "backoff_max_s": 0.1}


def the_rule(name: str, times: int | None) -> Rule:
    rule = FAULTS[name][0]
    return Rule(f"GET .*{BROKEN}", rule.fault, times, rule.value, rule.retry_after)


@pytest.fixture(scope="module")
def archive():
    with FileServer(FILES) as server, Hostile(server.url) as proxy:
        yield proxy


@pytest.fixture
def tile(archive: Hostile, tmp_path: Path) -> Tile:
    archive.clear()
    return Tile(tmp_path, {name: f"{archive.url}/{name}" for name in NAMES})


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_that_passes_leaves_no_trace(fault, archive, tile):
    archive.rules = [the_rule(fault, 2)]
    table = tile.run(HTTP, **SETTINGS)
    assert [tile.content(table, name) for name in NAMES] == list(FILES.values())
    assert list(table.status) == ["ok"] * 3
    assert list(table.file_reason) == [""] * 3
    assert table["sha256"].tolist() == [hashlib.sha256(content).hexdigest() for content in FILES.values()]
    assert len(tile.data()) == 3
    assert not archive.foreign


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_that_stays_is_a_row_with_its_reason_and_the_next_run_asks_for_that_file_alone(fault, archive, tile):
    archive.rules = [the_rule(fault, None)]
    table = tile.run(HTTP, **SETTINGS)
    assert dict(table.status) == {NAMES[0]: "ok", BROKEN: "failed", NAMES[2]: "ok"}
    assert table.file_reason.str.contains(FAULTS[fault][1])[BROKEN], table.file_reason[BROKEN]
    assert table.file[BROKEN] == table.sha256[BROKEN] == ""
    assert table["size"][BROKEN] == 0
    assert table.requested[BROKEN].endswith(BROKEN)
    assert len([name for name in tile.data() if name.endswith(".fits")]) == 2
    assert not archive.foreign
    archive.clear()
    table = tile.run(HTTP, **SETTINGS)
    assert tile.content(table, BROKEN) == FILES[f"/{BROKEN}"]
    assert {entry.path for entry in archive.log} == {f"/{BROKEN}"}


@pytest.mark.parametrize(
    ("status", "tried"), [(400, 1), (401, 1), (403, 1), (404, 1), (410, 1), (429, 4), (502, 4), (504, 4)]
)
def test_only_statuses_that_may_pass_are_tried_again(status, tried, archive, tile):
    archive.rules = [Rule(f"GET .*{BROKEN}", "status", value=status)]
    table = tile.run(HTTP, **SETTINGS)
    assert f"HTTP {status}" in table.file_reason[BROKEN]
    assert archive.counts()["status"] == tried
    assert ("--forcerun query" in table.file_reason[BROKEN]) == (status in (403, 404, 410))


@pytest.mark.parametrize(("status", "noted"), [(503, 1), (404, 0)])
def test_failures_that_may_pass_are_noted_for_the_next_run(status, noted, archive, tile):
    archive.rules = [Rule(f"GET .*{BROKEN}", "status", value=status)]
    tile.run(HTTP, **SETTINGS)
    assert failed_jobs(tile.folder / FOLDER, "b000") == noted
    tile.run(HTTP, **SETTINGS)
    assert failed_jobs(tile.folder / FOLDER, "b000") == 2 * noted
    archive.clear()
    tile.run(HTTP, **SETTINGS)
    assert failed_jobs(tile.folder / FOLDER, "b000") == 2 * noted


def test_a_server_that_asks_to_wait_keeps_back_one_file_alone(archive, tile):
    archive.rules = [Rule(f"GET .*{BROKEN}", "busy", 1, retry_after="2")]
    archive.rules += [Rule(f"GET .*{NAMES[2]}", "status", 1)]
    begun = time.monotonic()
    table = tile.run({"backoff_max_s": 60.0}, connections=1, **SETTINGS)
    assert list(table.status) == ["ok"] * 3
    assert [entry.path[1:] for entry in archive.log] == [*NAMES, NAMES[2], BROKEN]
    assert 2.0 <= time.monotonic() - begun < 5.0


def test_no_wait_is_longer_than_the_config_says(archive, tile):
    archive.rules = [Rule(f"GET .*{BROKEN}", "busy", 1, retry_after="3600")]
    begun = time.monotonic()
    assert list(tile.run({"backoff_max_s": 0.2}, **SETTINGS).status) == ["ok"] * 3
    assert time.monotonic() - begun < 3.0


@pytest.mark.parametrize(
    "header",
    ["Repr-Digest: sha-256=:{sha}:", "Content-Digest: md5=:{md5}:", "Digest: SHA-256={sha}", "Content-MD5: {md5}"],
)
def test_a_digest_that_the_archive_sends_along_finds_a_flipped_byte(header, tmp_path):
    content = mef(7, psf=False, checksums=False)
    digests = {
        name: base64.b64encode(hashlib.new(kind, content).digest()).decode()
        for name, kind in (("sha", "sha256"), ("md5", "md5"))
    }
    key, _, value = header.format(**digests).partition(": ")
    path = f"/{level2(7)}"
    with FileServer({path: content}, headers={path: {key: value}}) as server, Hostile(server.url) as proxy:
        tile = Tile(tmp_path, {path[1:]: proxy.url + path})
        proxy.rules = [Rule("GET", "flip")]
        assert "is not the one that the archive sent along" in tile.run(**SETTINGS).file_reason[path[1:]]
        proxy.rules = [Rule("GET", "flip", 1)]
        assert tile.content(tile.run(**SETTINGS), path[1:]) == content


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://example.org/a.fits", "host example.org is not among those allowed"),
        ("ftp://127.0.0.1/a.fits", "begins with https or http"),
        ("http://user@127.0.0.1/a.fits", "a user's name"),
        ("http://127.0.0.1:1/a.fits", "the connection broke"),
        ("nonsense", "expected a URL"),
        ("http://[::1/a.fits", "not a URL"),
    ],
)
def test_urls_that_cannot_be_asked_are_rows(url, reason, tmp_path):
    table = Tile(tmp_path, {"x": url}).run()
    assert table.status["x"] == "failed"
    assert reason in table.file_reason["x"]


@pytest.mark.parametrize("entry", [[], {}, {"url": 7}, {"url": "http://x/a", "cutout": {"url": "http://x/b"}}])
def test_damaged_links_are_told(entry, tile):
    tile.links({BROKEN: entry})
    with pytest.raises(InputError, match="make it anew with --forcerun query"):
        tile.run(**SETTINGS)


def test_http_needs_the_configs_word(archive, tile):
    table = tile.run({"allow_http": False})
    assert table.file_reason.str.contains("archive.http.allow_http: true").all()
    assert not archive.log


def test_an_expired_datalink_is_a_row(archive, tile):
    tile.links({BROKEN: {"url": None, "reason": "the datalink has no file itself (#this)"}})
    table = tile.run(**SETTINGS)
    assert dict(table.status) == {NAMES[0]: "ok", BROKEN: "failed", NAMES[2]: "ok"}
    assert table.file_reason[BROKEN] == "the datalink has no file itself (#this)"
