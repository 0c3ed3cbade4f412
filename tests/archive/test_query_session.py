"""What is asked again and what is not, how long is waited, and where nobody is led."""

import gzip
import time

import pytest
from archive.hostile import FOREIGN, Hostile, Rule
from archive.taps import ERROR, Tap
from astropy.table import Table
from swath.archive import tap
from swath.archive.ask import Unanswered, ask
from swath.archive.hosts import Refused, allowed_hosts, check_url
from swath.archive.session import session
from swath.archive.votables import rows
from swath.config.archive import Archive, Http

pytestmark = pytest.mark.slow

QUICK = {"allow_http": True, "backoff_s": 0.01, "backoff_max_s": 1.0, "retries": 3, "read_timeout_s": 2.0}


def web(**more):
    return session(Http(**(QUICK | more)), ["127.0.0.1"])


@pytest.fixture
def service():
    with Tap(lambda adql: Table({"n": [1, 2, 3]})) as served:
        yield served


def get(service, **more):
    with web(**more) as client:
        return tap.query(client, service.url, "SELECT n", 100)


@pytest.mark.parametrize("status", [408, 425, 429, 502, 503, 504])
def test_answers_that_may_pass_are_asked_again(service, status):
    service.plan = [(status, {}, b"busy")] * 2
    assert len(get(service).table) == 3
    assert len(service.log) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_answers_that_will_not_change_are_not_asked_again(service, status):
    service.plan = [(status, {}, b"<html>no</html>")] * 9
    with pytest.raises(Unanswered, match=rf"status {status}"):
        get(service)
    assert len(service.log) == 1


def test_tries_come_to_an_end_and_say_so(service):
    service.plan = [(503, {}, b"busy")] * 99
    with pytest.raises(Unanswered, match=r"answered 503 \(4 tries\)"):
        get(service)
    assert len(service.log) == 4


def test_waits_grow_and_retry_after_counts(service):
    service.plan = [(503, {"Retry-After": "1"}, b"busy")]
    begun = time.monotonic()
    get(service, backoff_max_s=5.0)
    assert 1.0 <= time.monotonic() - begun < 3.0


def test_no_retry_after_is_longer_than_the_config_allows(service):
    service.plan = [(503, {"Retry-After": "86400"}, b"busy")]
    begun = time.monotonic()
    get(service, backoff_max_s=0.2)
    assert time.monotonic() - begun < 2.0


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body>We will be back soon</body></html>",
        b'<?xml version="1.0"?><VOTABLE version="1.3"><RESOURCE type="results"><TABLE><FIELD name="n" datatype="int"/>',
        b'<?xml version="1.0"?><VOTABLE version="1.3"><RESOURCE type="results"/></VOTABLE>',
    ],
    ids=["empty", "page", "half", "no table"],
)
def test_what_is_no_answer_is_asked_again(service, body):
    service.plan = [(200, {}, body)] * 2
    assert len(get(service).table) == 3
    service.plan = [(200, {}, body)] * 99
    with pytest.raises(Unanswered, match=r"4 tries"):
        get(service)


def test_compressed_answers_are_read(service):
    body = gzip.compress(service.rows("SELECT n", 100, 100))
    service.plan = [(200, {"Content-Encoding": "gzip"}, body)]
    assert len(get(service).table) == 3


def test_an_error_is_told_with_the_services_words(service):
    service.plan = [(200, {}, f"{ERROR}dec 95 lies outside</INFO></RESOURCE></VOTABLE>".encode())] * 9
    with pytest.raises(Unanswered, match="the service answers: dec 95 lies outside"):
        get(service)
    assert len(service.log) == 2  # busy services say ERROR too
    service.plan = [(400, {}, f"{ERROR}no table nowhere</INFO></RESOURCE></VOTABLE>".encode())] * 9
    with pytest.raises(Unanswered, match="no table nowhere"):
        get(service)
    assert len(service.log) == 3


@pytest.mark.parametrize(
    "fault", ["reset", "reset_mid", "truncate", "cut_unsaid", "html", "empty", "votable_error", "hang"]
)
def test_each_fault_passes(service, fault):
    value = {"reset_mid": 90, "truncate": 90, "cut_unsaid": 90, "hang": 1.5}.get(fault)
    rule = Rule("sync", fault, times=1, value=value)
    with Hostile(service.url.removesuffix("/tap"), [rule]) as proxy, web(read_timeout_s=0.5) as client:
        assert len(tap.query(client, f"{proxy.url}/tap", "SELECT n", 100, "sync").table) == 3
        assert proxy.counts()[fault] == 1


@pytest.mark.parametrize("fault", ["reset", "reset_mid", "truncate", "cut_unsaid", "html", "empty", "votable_error"])
def test_each_fault_that_stays_has_its_reason(service, fault):
    value = 90 if fault in ("reset_mid", "truncate", "cut_unsaid") else None
    with Hostile(service.url.removesuffix("/tap"), [Rule("", fault, value=value)]) as proxy, web(retries=1) as client:
        with pytest.raises(Unanswered, match=proxy.url) as error:
            tap.query(client, f"{proxy.url}/tap", "SELECT n", 100, "sync")
        assert "Traceback" not in str(error.value)
        assert "HTTPConnectionPool" not in str(error.value)


def test_a_server_that_drips_is_left_at_the_deadline(service):
    with Hostile(service.url.removesuffix("/tap"), [Rule("", "drip", value=40)]) as proxy:
        begun = time.monotonic()
        with web(deadline_s=0.7) as client, pytest.raises(Unanswered, match="no whole answer within"):
            tap.query(client, f"{proxy.url}/tap", "SELECT n", 100, "sync")
        assert time.monotonic() - begun < 4


def test_a_silent_server_is_left(service):
    with Hostile(service.url.removesuffix("/tap"), [Rule("", "hang", value=30)]) as proxy:
        begun = time.monotonic()
        with web(retries=0, read_timeout_s=0.3) as client, pytest.raises(Unanswered, match="timed out"):
            tap.query(client, f"{proxy.url}/tap", "SELECT n", 100, "sync")
        assert time.monotonic() - begun < 3


def test_no_redirect_leads_to_another_host(service):
    with Hostile(service.url.removesuffix("/tap"), [Rule("", "redirect_foreign")]) as proxy:
        with web() as client, pytest.raises(Refused, match=rf"host {FOREIGN} is not among those allowed"):
            tap.query(client, f"{proxy.url}/tap", "SELECT n", 100)
        assert not proxy.foreign


def test_redirects_that_go_round_come_to_an_end(service):
    with Hostile(service.url.removesuffix("/tap"), [Rule("", "redirect_loop")]) as proxy:
        with web() as client, pytest.raises(Unanswered, match="redirected more than 5 times"):
            tap.query(client, f"{proxy.url}/tap", "SELECT n", 100, "sync")
        assert not proxy.foreign


def test_a_redirect_to_no_url_is_no_answer(service):
    with Hostile(service.url.removesuffix("/tap"), [Rule("", "redirect_nowhere")]) as proxy, web() as client:
        with pytest.raises(Unanswered, match="Invalid IPv6 URL"):
            tap.query(client, f"{proxy.url}/tap", "SELECT n", 100, "sync")
        with pytest.raises(Unanswered, match="Invalid IPv6 URL"):
            tap.query(client, f"{proxy.url}/tap", "SELECT n", 100, "async")


def test_nobody_listens():
    with web(retries=1) as client, pytest.raises(Unanswered, match="refused"):
        tap.query(client, "http://127.0.0.1:9/tap", "SELECT n", 100)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://a.b/c", "archive.http.allow_http: true allows http"),
        ("file:///etc/passwd", "begins with https"),
        ("https://evil.org/a.b", "host evil.org is not among those allowed"),
        ("https://a.b.evil.org/", "is not among those allowed"),
        ("https://me@a.b/", "a user's name"),
        ("https://[::1", "not a URL"),
        ("//a.b/c", "begins with https"),
    ],
)
def test_urls_that_are_not_asked(url, expected):
    with pytest.raises(Refused, match=expected):
        check_url(url, {"a.b"}, Http())


def test_hosts_are_those_of_the_services_and_of_the_config():
    check_url("https://A.B:8443/c", {"a.b"}, Http())
    assert allowed_hosts(Archive(http=Http(hosts=("Files.Org",)))) == {"irsa.ipac.caltech.edu", "files.org"}


def test_no_password_leaves(service, tmp_path, monkeypatch):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password secret\n")
    (tmp_path / "netrc").chmod(0o600)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    service.plan = [(307, {"Location": f"{service.url}/sync"}, b"")]
    get(service)
    assert len(service.headers) == 2
    assert not any("Authorization" in headers for headers in service.headers)


def test_every_request_has_time_limits(service, monkeypatch):
    seen = []
    from requests.adapters import HTTPAdapter

    real = HTTPAdapter.send
    monkeypatch.setattr(HTTPAdapter, "send", lambda self, *a, **k: seen.append(k["timeout"]) or real(self, *a, **k))
    with web(connect_timeout_s=3.0) as client:
        ask(client, "POST", f"{service.url}/sync", time.monotonic() + 5, rows, data={"QUERY": "x", "MAXREC": "9"})
        client.get(f"{service.url}/async/0/phase") if service.jobs else None
    assert seen == [(3.0, 2.0)]


def test_a_job_is_looked_after_to_its_end(service, monkeypatch):
    monkeypatch.setattr(tap, "POLLS_S", (0.01, 0.02))
    with web() as client:
        assert len(tap.query(client, service.url, "SELECT n", 100, "async").table) == 3
    assert service.log[0] == "POST /tap/async"
    assert service.log[-1] == "DELETE /tap/async/0"
    assert service.log.count("GET /tap/async/0/phase") == 3


def test_a_job_that_waits_to_be_started_is_started(service, monkeypatch):
    monkeypatch.setattr(tap, "POLLS_S", (0.01, 0.02))
    service.phases = ["PENDING", "EXECUTING", "COMPLETED"]
    with web() as client:
        tap.query(client, service.url, "SELECT n", 100, "async")
    assert "POST /tap/async/0/phase" in service.log


def test_a_failed_job_tells_its_reason(service, monkeypatch):
    monkeypatch.setattr(tap, "POLLS_S", (0.01, 0.02))
    service.phases = ["EXECUTING", "ERROR"]
    with web() as client, pytest.raises(Unanswered, match="the job ended as ERROR: the disk is full"):
        tap.query(client, service.url, "SELECT n", 100, "async")


def test_a_job_that_is_aborted_is_submitted_once_more(service, monkeypatch):
    monkeypatch.setattr(tap, "POLLS_S", (0.01, 0.02))
    service.phases = ["ABORTED"]
    with web() as client, pytest.raises(Unanswered, match="ended as ABORTED"):
        tap.query(client, service.url, "SELECT n", 100, "async")
    assert service.log.count("POST /tap/async") == 2


def test_a_job_without_end_is_left_at_the_deadline(service, monkeypatch):
    monkeypatch.setattr(tap, "POLLS_S", (0.05, 0.05))
    service.phases = ["QUEUED"]
    with web(deadline_s=0.4) as client, pytest.raises(Unanswered, match=r"still QUEUED after|no whole answer within"):
        tap.query(client, service.url, "SELECT n", 100, "async")


def test_polls_that_fail_lose_no_job(service, monkeypatch):
    monkeypatch.setattr(tap, "POLLS_S", (0.01, 0.02))
    rules = [
        Rule("GET .*phase", "busy", times=2),
        Rule("GET .*phase", "reset", times=1),
        Rule("result", "cut_unsaid", times=1),
    ]
    with Hostile(service.url.removesuffix("/tap"), rules) as proxy, web() as client:
        assert len(tap.query(client, f"{proxy.url}/tap", "SELECT n", 100, "async").table) == 3


def test_answers_that_are_cut_off_when_waited_for_are_asked_for_as_jobs(service, monkeypatch):
    monkeypatch.setattr(tap, "POLLS_S", (0.01, 0.02))
    service.sync_maxrec = 2
    found = get(service)
    assert len(found.table) == 3
    assert not found.overflow
    assert "POST /tap/async" in service.log


def test_a_query_that_takes_long_is_asked_again_as_a_job(service, monkeypatch):
    monkeypatch.setattr(tap, "POLLS_S", (0.01, 0.02))
    rules = [Rule("/sync", "hang", value=30)]
    with Hostile(service.url.removesuffix("/tap"), rules) as proxy, web(read_timeout_s=0.3) as client:
        begun = time.monotonic()
        assert len(tap.query(client, f"{proxy.url}/tap", "SELECT n", 100).table) == 3
        assert time.monotonic() - begun < 3
        assert proxy.counts()["hang"] == 1  # silence once is enough
    service.plan = [(504, {}, b"")] * 4
    assert len(get(service).table) == 3


def test_as_many_rows_as_were_asked_for_count_as_cut_off(service):
    service.silent = True
    with web() as client:
        assert tap.query(client, service.url, "SELECT n", 3, "sync").overflow
        assert not tap.query(client, service.url, "SELECT n", 4, "sync").overflow


@pytest.mark.parametrize("url", ["file:///etc/hostname", "http://127.0.0.2:9/"])
@pytest.mark.parametrize(
    "data",
    [
        '<BINARY><STREAM encoding="base64" href="{}"/></BINARY>',
        "<BINARY2><v:STREAM HREF='{0}' href='{0}'/></BINARY2>",
        '<FITS><STREAM href="{}"/></FITS>',
    ],
)
def test_no_votable_leads_to_other_files_or_hosts(service, url, data):
    head = '<VOTABLE version="1.4" xmlns:v="x"><RESOURCE type="results"><TABLE><FIELD name="n" datatype="int"/><DATA>'
    body = f"{head}{data.format(url)}</DATA></TABLE></RESOURCE></VOTABLE>"
    for encoding in ("utf-8", "utf-16"):
        service.plan = [(200, {}, body.encode(encoding))] * 9
        with pytest.raises(Unanswered, match=r"its rows are elsewhere|begins"):
            get(service)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('name="n"', 'name=""'),
        ('name="n"', 'nape="n"'),
        ("<TABLE>", '<TABLE nrows="9999999999">'),
        ('datatype="int"', 'datatype="int" arraysize="99999999999"'),
        ("<TABLE>", "<RESOURCE>" * 5000),
        ('value="OK"', ""),
    ],
)
def test_damaged_votables_are_told(service, old, new):
    body = (
        '<VOTABLE version="1.4"><RESOURCE type="results"><INFO name="QUERY_STATUS" value="OK"/><TABLE><FIELD name="n" '
        'datatype="int"/><DATA><TABLEDATA><TR><TD>1</TD></TR></TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>'
    )
    service.plan = [(200, {}, body.replace(old, new).encode())] * 9
    if new:
        with pytest.raises(Unanswered, match="a damaged VOTable"):
            get(service)
    else:
        assert get(service).table.n.tolist() == [1]
