"""The PSFs and wavelengths that are held, once for each calibration."""

import threading
from pathlib import Path

from ..files import sha256
from .ledger import Entry, Ledger, is_whole
from .light import Calibration, write_calibration


class Calibrations:
    """Those of one tile; safe to use from several threads. What is held is checked once, by its SHA-256."""

    def __init__(self, folder: Path, ledger: Ledger) -> None:
        self._folder, self._ledger = folder, ledger
        self._known: dict[str, bool] = {}
        self._lock = threading.Lock()

    def holds(self, calibration: Calibration) -> bool:
        """Are its PSF and wavelengths here?"""
        return self.has(calibration.file)

    def has(self, file: str) -> bool:
        """Is the file of a calibration (relative to the tile's folder) here, as it was written?"""
        with self._lock:
            if file not in self._known:
                self._known[file] = any(is_whole(self._folder / file, entry) for entry in self._ledger.get(file))
            return self._known[file]

    def size(self, file: str) -> int:
        """Bytes of a file that is held."""
        return (self._folder / file).stat().st_size

    def add(self, calibration: Calibration, whole: Path, start: int) -> None:
        """Take PSF and wavelengths from a whole file, from byte `start` on, unless they are here."""
        if self.holds(calibration):
            return
        with self._lock:
            path = self._folder / calibration.file
            write_calibration(path, whole, start, calibration)
            self._ledger.add(Entry(calibration.file, calibration.file, path.stat().st_size, sha256(path)))
            self._known[calibration.file] = True
