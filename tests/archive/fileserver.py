"""A server of files on loopback that is quick, keeps connections open, honours Range and counts what it is asked for.

In a test:   with FileServer({"/a.fits": b"..."}) as server: fetch(server.url + "/a.fits")
By itself:   python tests/archive/fileserver.py FILE COPIES     serves the file as /0.fits, /1.fits ...
"""

import argparse
import hashlib
import re
import socket
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path


class FileServer:
    """Serves `files` (path -> content); `log` has every request and its Range, `connections` counts those accepted.

    `ranges`: does it honour Range? `headers`: more of them, by path. A path's query is not looked at.
    """

    def __init__(
        self, files: Mapping[str, bytes], ranges: bool = True, headers: Mapping[str, Mapping[str, str]] | None = None
    ) -> None:
        self.files, self.ranges, self.headers = files, ranges, headers or {}
        self.log: list[tuple[str, str]] = []
        self.sent: dict[str, int] = {}
        self.connections = self.active = self.most = 0
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> "FileServer":
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                self.connections += 1
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 18)
        rest = b""
        with connection, suppress(OSError):
            while True:
                while b"\r\n\r\n" not in rest:
                    if not (more := connection.recv(65536)):
                        return
                    rest += more
                head, _, rest = rest.partition(b"\r\n\r\n")
                self._answer(connection, head.decode("latin1"))

    def _answer(self, connection: socket.socket, head: str) -> None:
        line, *lines = head.split("\r\n")
        headers = {key.lower(): value.strip() for key, _, value in (text.partition(":") for text in lines)}
        path = line.split(" ")[1].partition("?")[0]
        span = re.fullmatch(r"bytes=(\d+)-", headers.get("range", ""))
        with self._lock:
            self.log.append((path, headers.get("range", "")))
            self.active += 1
            self.most = max(self.most, self.active)
        content = self.files.get(path)
        said = {"ETag": f'"{tag(content or b"")}"', "Content-Type": "application/fits", **self.headers.get(path, {})}
        status, body = ("404 Not Found", b"") if content is None else ("200 OK", memoryview(content))
        fresh = headers.get("if-range", said["ETag"]) == said["ETag"]
        if content is not None and span and self.ranges and fresh and int(span[1]) < len(content):
            start = int(span[1])
            status, body = "206 Partial Content", memoryview(content)[start:]
            said["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        told = "".join(
            f"{key}: {value}\r\n" for key, value in {**said, "Content-Length": len(body)}.items() if value != ""
        )
        connection.sendall(f"HTTP/1.1 {status}\r\n{told}\r\n".encode("latin1"))
        sent = 0
        try:
            while sent < len(body):
                sent += connection.send(body[sent : sent + (1 << 20)])
        finally:
            with self._lock:
                self.active -= 1
                self.sent[path] = self.sent.get(path, 0) + sent


def tag(content: bytes) -> str:
    """The ETag of a content."""
    return hashlib.md5(content).hexdigest()


def main() -> None:
    """Serve until interrupted; the address is printed first."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="what is served")
    parser.add_argument("copies", type=int, help="under how many names")
    given = parser.parse_args()
    content = given.file.read_bytes()
    with FileServer({f"/{number}.fits": content for number in range(given.copies)}) as server:
        print(server.url, flush=True)
        with suppress(KeyboardInterrupt):
            threading.Event().wait()


if __name__ == "__main__":
    main()
