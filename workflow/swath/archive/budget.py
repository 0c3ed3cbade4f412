"""How much of the disk the files may take: checked before anything is fetched, and all the while."""

import os
import shutil
import threading
from contextlib import suppress
from pathlib import Path

from ..config.download import Download
from ..errors import RunError

GB = 1e9
_LOOK_AFTER = 64 << 20  # bytes written between two looks at the free space


class Budget:
    """Counts what the tile's files take; safe to use from several threads.

    Parameters
    ----------
    folder : where the files go; what is there counts.
    """

    def __init__(self, folder: Path, settings: Download) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._settings = folder, settings
        self._lock = threading.Lock()
        self.used = size_of(folder)
        self._since = 0

    def require(self, needed: float, files: int) -> None:
        """Check that there is room for more.

        Raises
        ------
        RunError : there is not; it says how much is needed, and how much there is.
        """
        room = self._room()
        if needed > room:
            raise RunError(
                f"{self._folder}: {files} files of about {_gb(needed)} in all are to be fetched, but there is "
                f"room for {_gb(max(room, 0))} ({self._bounds()}); {_ADVICE}"
            )

    def charge(self, count: int) -> None:
        """Count bytes that were written (taken away: < 0).

        Raises
        ------
        RunError : there is no room for more.
        """
        with self._lock:
            self.used += count
            self._since += abs(count)
            over = self._settings.budget_gb is not None and self.used > self._settings.budget_gb * GB
            looks, self._since = self._since >= _LOOK_AFTER, self._since % _LOOK_AFTER
        if over or (looks and self._room() < 0):
            raise RunError(
                f"{self._folder}: no room for more files, {max(count, 0) / GB:.2g} GB more are needed at least "
                f"({self._bounds()}); what is finished stays; {_ADVICE}"
            )

    def _room(self) -> float:
        free = shutil.disk_usage(self._folder).free - self._settings.reserve_gb * GB
        own = float("inf") if self._settings.budget_gb is None else self._settings.budget_gb * GB - self.used
        return min(free, own)

    def _bounds(self) -> str:
        own = "none" if self._settings.budget_gb is None else f"{self._settings.budget_gb:g} GB"
        return (
            f"download.budget_gb: {own}, of which {_gb(self.used)} are taken; "
            f"{_gb(shutil.disk_usage(self._folder).free)} are free, of which download.reserve_gb: "
            f"{self._settings.reserve_gb:g} GB are left"
        )


def _gb(count: float) -> str:
    """Bytes in GB, in as many digits as tell something."""
    return f"{count / GB:.2f} GB" if count >= GB else f"{count / GB:.3g} GB"


_ADVICE = "free space, raise download.budget_gb or fetch smaller cutouts (download.cutout.size), and run again"


def size_of(folder: Path) -> int:
    """Bytes of all files in a folder and its subfolders."""
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):  # another job's part, which has got its name meanwhile
                total += os.path.getsize(os.path.join(root, name))
    return total
