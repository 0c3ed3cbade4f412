"""A line at the bottom of a terminal that changes in place and is gone when anything else is printed."""

import os
import threading
import time
from collections.abc import Mapping
from typing import TextIO

_ERASE = "\r\x1b[K"
_PAUSE_S = 0.2  # after a line of somebody else nothing is drawn for so long: it may not be out yet


class Bar:
    """The line; safe to use from several threads. On anything but a capable terminal every method does nothing."""

    def __init__(self, stream: TextIO | None, environment: Mapping[str, str] = os.environ) -> None:
        self.stream = stream if stream is not None and is_terminal(stream, environment) else None
        self._lock = threading.Lock()
        self._drawn = ""
        self._quiet_until = 0.0

    @property
    def width(self) -> int:
        """Columns of the terminal; 0 where there is none."""
        if self.stream is None:
            return 0
        try:
            return os.get_terminal_size(self.stream.fileno()).columns or 80
        except OSError:
            return 80

    def draw(self, text: str) -> None:
        """Show `text` in place of what was there; the cursor stays in column 0, where other lines begin."""
        with self._lock:
            if self.stream is None or text == self._drawn or time.monotonic() < self._quiet_until:
                return
            self._drawn = text
            self.stream.write(f"{_ERASE}{text}\r")
            self.stream.flush()

    def clear(self) -> None:
        """Make room: another line is about to be printed."""
        with self._lock:
            self._quiet_until = time.monotonic() + _PAUSE_S
            if self.stream is not None and self._drawn:
                self._drawn = ""
                self.stream.write(_ERASE)
                self.stream.flush()


def is_terminal(stream: TextIO, environment: Mapping[str, str] = os.environ) -> bool:
    """Is there a terminal at the other end that can erase a line?"""
    return stream.isatty() and environment.get("TERM", "dumb") != "dumb"
