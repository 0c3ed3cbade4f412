"""A real archive on loopback: GAVO DaCHS (TAP, ObsCore, SIA2, datalink, SODA) with a PostgreSQL of its own.

In a test:      the fixture `dachs`; `from archive.dachs.server import dachs` in a conftest makes it known
By itself:      PYTHONPATH=tests python -m archive.dachs.server

It publishes the shipped Stripe 82 field and its reference stars, these under the names of Gaia's archive. Ports are
free ones, all state lies in one temporary folder, and both servers are children of this process that end with it,
however it ends. PostgreSQL refuses to run as root: there, everything runs as the user postgres that its package makes.
Debian packages: python3-gavo postgresql-15 postgresql-15-pgsphere postgresql-15-q3c (not gavodachs2-server, whose
installation wants a running system database). Where they are missing, tests that ask for it are skipped with the
reason; with SWATH_REQUIRE_SERVICES set they fail.
"""

import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from archive.dachs.published import CONFIG, META, write_inputs

KNOWN = """
INSERT INTO pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
VALUES (900000, 'pg_sphere', 10, 'public'::regnamespace, true, '{version}');
"""
EXTENSIONS = ("pg_sphere", "q3c")
COMMANDS = ("dachs", "postgres", "initdb", "createdb", "psql", "pg_isready")


def missing() -> str:
    """Why there can be no such archive here; empty where there can."""
    if not shutil.which("setpriv"):
        return "setpriv (util-linux) is not installed"
    if not shutil.which("dachs"):
        return "GAVO DaCHS (python3-gavo) is not installed"
    if _postgres() is None:
        return "PostgreSQL is not installed"
    gone = [name for name in EXTENSIONS if not (_extensions() / f"{name}.control").exists()]
    return f"PostgreSQL lacks {' and '.join(gone)}" if gone else ""


class Dachs:
    """The archive, running between enter and exit; `tap`, `sia` and `url` are its addresses."""

    def __init__(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="swath-dachs-"))
        self.port, self._database_port = _free_ports(2)
        self._children: list[tuple[subprocess.Popen, signal.Signals]] = []
        self._account = pwd.getpwnam("postgres") if os.getuid() == 0 else pwd.getpwuid(os.getuid())

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def tap(self) -> str:
        """Base of TAP."""
        return f"{self.url}/tap"

    @property
    def sia(self) -> str:
        """Address of SIA2."""
        return f"{self.url}/survey/q/sia2/siap2.xml"

    def __enter__(self) -> "Dachs":
        try:
            self._prepare()
            self._start_database()
            self._publish()
            self._serve()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for child, how in reversed(self._children):
            child.send_signal(how)
            try:
                child.wait(15)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        shutil.rmtree(self.root, ignore_errors=True)

    def _prepare(self) -> None:
        """Configuration, images and tables in the folder, in the hands of the unprivileged user."""
        for name in ("log", "run"):
            (self.root / name).mkdir()
        names = {"root": self.root, "port": self.port, "user": self._account.pw_name}
        group = subprocess.run(["id", "-gn", self._account.pw_name], capture_output=True, text=True, check=True)
        (self.root / "gavo.rc").write_text(CONFIG.format(group=group.stdout.strip(), **names))
        write_inputs(self.root / "gavo/inputs")
        if os.getuid() == 0:
            subprocess.run(["chown", "-R", f"{self._account.pw_uid}:{self._account.pw_gid}", self.root], check=True)

    def _start_database(self) -> None:
        data, user = self.root / "pg", self._account.pw_name
        self._run("initdb", "-D", data, "-U", user, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        quick = [f"-c{key}=off" for key in ("fsync", "full_page_writes", "synchronous_commit")]
        quick.append("-callow_system_table_mods=on")
        place = [
            f"-p{self._database_port}",
            "-clisten_addresses=127.0.0.1",
            f"-cunix_socket_directories={self.root}/run",
        ]
        self._spawn(signal.SIGINT, "postgres", "-D", data, *place, *quick)  # its quick way to end
        self._wait("PostgreSQL", 60, lambda: self._run("pg_isready", check=False).returncode == 0)
        self._run("createdb", "-E", "UTF8", "-T", "template0", "gavo")
        if self._run("psql", "-d", "gavo", "-c", "CREATE EXTENSION pg_sphere", check=False).returncode:
            self._mend_sphere()

    def _mend_sphere(self) -> None:
        """Load pg_sphere by hand.

        The newest releases of PostgreSQL 15 do not let two operators name one commutator or negator, as
        the script of pg_sphere 1.2.0 in Debian 12 does. Both are hints for the planner: it is run without them.
        """
        version = re.search(r"default_version = '([^']+)'", (_extensions() / "pg_sphere.control").read_text())[1]
        script = (_extensions() / f"pg_sphere--{version}.sql").read_text()
        script = re.sub(r"(?m)^\s*(COMMUTATOR|NEGATOR)\s*=.*,\s*$|^\\echo.*$", "", script)
        mended = self.root / "pg_sphere.sql"
        mended.write_text(script.replace("MODULE_PATHNAME", "$libdir/pg_sphere") + KNOWN.format(version=version))
        self._run("psql", "-q", "-d", "gavo", "-v", "ON_ERROR_STOP=1", "-1", "-f", mended)

    def _publish(self) -> None:
        user = self._account.pw_name
        self._run("dachs", "init", "-d", f"host=127.0.0.1 port={self._database_port} user={user} dbname=gavo")
        meta = self.root / "gavo/etc/defaultmeta.txt"
        meta.write_text(META.format(port=self.port))
        self._run("dachs", "imp", "//obscore")  # before anything that ObsCore is to know of
        self._run("dachs", "imp", "survey/q")
        self._run("dachs", "imp", "gaia/q")
        self._run("dachs", "pub", "survey/q")

    def _serve(self) -> None:
        self._spawn(signal.SIGTERM, "dachs", "serve", "debug")
        self._wait("DaCHS", 90, self._answers)

    def _answers(self) -> bool:
        with suppress(urllib.error.URLError, ConnectionError, TimeoutError):
            return urllib.request.urlopen(f"{self.tap}/availability", timeout=5).status == 200
        return False

    def _wait(self, name: str, seconds: float, ready: Callable[[], bool]) -> None:
        end = time.monotonic() + seconds
        while not ready():
            child, _ = self._children[-1]
            if child.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"{name} did not start; {self._said(child.args)}")
            time.sleep(0.1)

    def _command(self, words: tuple[object, ...], end: signal.Signals = signal.SIGTERM) -> list[str]:
        """The words as a command of the unprivileged user, that gets the signal `end` when this process ends."""
        account, switch = self._account, []
        if os.getuid() == 0:
            switch = [f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]
        return ["setpriv", f"--pdeathsig={end.name.removeprefix('SIG')}", *switch, *map(str, words)]

    def _environment(self) -> dict[str, str]:
        path = f"/usr/bin:/bin:{_postgres()}"
        database = {"PGHOST": "127.0.0.1", "PGPORT": str(self._database_port), "PGUSER": self._account.pw_name}
        settings = {"PATH": path, "HOME": str(self.root), "GAVOSETTINGS": f"{self.root}/gavo.rc", "LC_ALL": "C.UTF-8"}
        return settings | database

    def _run(self, *words: object, check: bool = True) -> subprocess.CompletedProcess:
        with open(self.root / "log" / f"{words[0]}.log", "ab") as log:
            done = subprocess.run(
                self._command(words), cwd=self.root, env=self._environment(), stdout=log, stderr=subprocess.STDOUT
            )
        if check and done.returncode:
            raise RuntimeError(f"{' '.join(map(str, words))} failed; {self._said(words)}")
        return done

    def _spawn(self, end: signal.Signals, *words: object) -> None:
        with open(self.root / "log" / f"{words[0]}.log", "ab") as log:
            child = subprocess.Popen(
                self._command(words, end), cwd=self.root, env=self._environment(), stdin=subprocess.DEVNULL,
                stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        self._children.append((child, end))

    def _said(self, words: object) -> str:
        """The last lines of the log of a command."""
        name = next(str(word) for word in words if str(word) in COMMANDS)
        lines = (self.root / "log" / f"{name}.log").read_text(errors="replace").splitlines()
        return "its last words:\n" + "\n".join(lines[-20:])


def _postgres() -> Path | None:
    """The folder of the newest PostgreSQL's programs."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


def _extensions() -> Path:
    """Where Debian has the extensions of that PostgreSQL."""
    return Path("/usr/share/postgresql") / _postgres().parts[-2] / "extension"


def _free_ports(count: int) -> list[int]:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in held]
    for each in held:
        each.close()
    return ports


@pytest.fixture(scope="session")
def dachs() -> Iterator[Dachs]:
    """One archive for all tests of a worker."""
    if reason := missing():
        (pytest.fail if os.environ.get("SWATH_REQUIRE_SERVICES") else pytest.skip)(reason)
    with Dachs() as archive:
        yield archive


def main() -> None:
    """Serve until interrupted."""
    if reason := missing():
        raise SystemExit(reason)
    with Dachs() as archive:
        print(f"TAP {archive.tap}\nSIA2 {archive.sia}\nlogs {archive.root}/log", flush=True)
        with suppress(KeyboardInterrupt):
            threading.Event().wait()


if __name__ == "__main__":
    main()
