"""A stand-in for IRSA on loopback: TAP, SIA2, datalink, files and cutouts of SPHEREx, with the manners of the real one.

In a test:      with Irsa(exposures([...])) as irsa: query(irsa.tap), query(irsa.sia) ...
By itself:      PYTHONPATH=tests python -m archive.irsa FOLDER_OF_MEFS --copies 300 --port 8080

/TAP (sync, async), /SIA, /datalink?ID=, /ibe/data/spherex/... (whole, or ?center=&size=; no Range for cutouts) and
/s3/... (Range). `limit` requests are answered at once and further ones refused with 503, those of /s3 excepted; a
request counts until its last byte is written. `log` has every request, `most` how many there were at once.
"""

import argparse
import re
import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from pathlib import Path

from archive.irsafiles import Exposure, copies, exposures
from archive.irsahandler import Handler, Job, Request
from archive.irsatables import Tables, planned


@dataclass
class Irsa:
    """The server in threads of this process; addresses are `tap`, `sia` and `url`.

    `limit`: requests answered at once. `maxrec`: most rows of any answer. `pause`: seconds that every file takes before
    its first byte; `job_seconds`: those of an asynchronous query. `expired`: names of files whose datalink has expired,
    to 'row' (a row with an error message) or 'gone' (404). `collections`: names beside those of the exposures.
    """

    exposures: Sequence[Exposure]
    limit: int = 3
    maxrec: int = 25000
    pause: float = 0.0
    job_seconds: float = 0.05
    retry_after: str | None = None
    expired: dict[str, str] = field(default_factory=dict)
    collections: Iterable[str] = ("spherex_qr2_cal",)
    port: int = 0

    def __enter__(self) -> "Irsa":
        self.log: list[Request] = []
        self.jobs: dict[str, Job] = {}
        self.most = self.active = 0
        self.lock = threading.Lock()
        self._server = _Server(("127.0.0.1", self.port), Handler)
        self._server.irsa = self
        self.port = self._server.server_port
        self.tables = Tables(self.exposures, self.url, self.collections)
        self.by_key = {exposure.key: exposure for exposure in self.exposures}
        self.by_plan = {planned(exposure): exposure for exposure in self.exposures}
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def tap(self) -> str:
        """Base of TAP."""
        return f"{self.url}/TAP"

    @property
    def sia(self) -> str:
        """Base of SIA2."""
        return f"{self.url}/SIA"

    def file_url(self, exposure: Exposure) -> str:
        """The address of an exposure's file."""
        return f"{self.url}/ibe/data/spherex/{exposure.key}"

    def counts(self) -> Counter[int]:
        """How often each status was answered."""
        return Counter(request.status for request in self.log)

    def asked(self, pattern: str) -> list[Request]:
        """Requests whose path the expression finds."""
        return [request for request in self.log if re.search(pattern, request.path)]

    def clear(self) -> None:
        """Forget what was asked."""
        self.log.clear()
        self.most = 0


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    irsa: Irsa

    def handle_error(self, *_: object) -> None:
        """Clients may go when they like."""


def main() -> None:
    """Serve a folder of files until interrupted; the address is printed first."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="folder of level 2 files, named as the archive names them")
    parser.add_argument("--copies", type=int, default=1, help="names that each file is served under")
    parser.add_argument("--port", type=int, default=0, help="port to listen on (default: a free one)")
    parser.add_argument("--limit", type=int, default=3, help="requests that are answered at once")
    parser.add_argument("--pause", type=float, default=0.0, help="seconds before the first byte of every file")
    given = parser.parse_args()
    found = exposures(sorted(given.folder.glob("level2_*.fits")))
    served = found if given.copies == 1 else [copy for one in found for copy in copies(one, given.copies)]
    with Irsa(served, given.limit, pause=given.pause, port=given.port) as irsa:
        print(irsa.url, flush=True)
        with suppress(KeyboardInterrupt):
            threading.Event().wait()


if __name__ == "__main__":
    main()
