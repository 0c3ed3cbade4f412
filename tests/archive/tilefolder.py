"""A tile's folder with one batch of observations, as `query` and `batches` leave it, and its download."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from swath.archive import observations
from swath.archive.download import download_batch
from swath.archive.ledger import FOLDER, entries
from swath.config.archive import Archive, Http
from swath.config.download import Download

TARGETS = {
    "target": ["a"],
    "slug": ["a-1"],
    "ra": [210.8],
    "dec": [54.3],
    "epoch": [2016.0],
    "pmra": [0.0],
    "pmdec": [0.0],
}
QUICK = {
    "allow_http": True,
    "hosts": ("127.0.0.1",),
    "connect_timeout_s": 5.0,
    "read_timeout_s": 5.0,
    "backoff_s": 0.01,
}


def level2(number: int, detector: int = 3, version: str = "v20") -> str:
    """The name of a SPHEREx file."""
    return f"level2_2025W20_1A_{number:04d}_1D{detector}_spx_l2b-{version}-2025-253.fits"


class Tile:
    """`urls`: exposure -> where its file is. Rows have the columns of observations; more of them by `columns`."""

    def __init__(self, folder: Path, urls: Mapping[str, str], **columns: object) -> None:
        self.folder, self.batch = folder, folder / "batches" / "b000.parquet"
        for name in ("query", "batches"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        fixed = {"target": "a-1", "band": "D3", "version": "v20", "mjd": 60800.0, "selected": True, "bytes": np.nan}
        rows = [{**fixed, "exposure": name, "obs_id": name[7:24], "url": url, **columns} for name, url in urls.items()]
        observations.write(observations.typed(pd.DataFrame(rows)), None, self.batch)
        self.targets(TARGETS)

    def targets(self, table: Mapping[str, list]) -> None:
        """Write the table of targets."""
        pd.DataFrame(table).to_csv(self.folder / "query" / "targets.ecsv", index=False)

    def links(self, links: Mapping[str, Mapping[str, object]]) -> None:
        """Write what the datalinks led to."""
        (self.folder / "batches" / "b000.json").write_text(json.dumps(links))

    def run(
        self,
        http: Mapping[str, object] | None = None,
        service: str = "irsa_spherex",
        output: str = "b000.parquet",
        **settings: object,
    ) -> pd.DataFrame:
        """Fetch the batch; its table, by exposure."""
        path = self.folder / "download" / output
        archive = Archive(service=service, http=Http(**{**QUICK, **(http or {})}))
        settings = {"attempts": 4, **settings}
        download_batch(
            self.batch,
            self.batch.with_suffix(".json"),
            self.folder / "query" / "targets.ecsv",
            archive,
            Download(**settings),
            self.folder,
            path,
        )
        return pd.read_parquet(path).set_index("exposure")

    def saved(self, table: pd.DataFrame) -> pd.Series:
        """Bytes of each file that were not read, as the ledger has it."""
        known = {entry.file: entry.saved for path in (self.folder / FOLDER).glob("*.jsonl") for entry in entries(path)}
        return table.file.map(known).fillna(0)

    def content(self, table: pd.DataFrame, exposure: str) -> bytes:
        """The bytes of an exposure's file."""
        return (self.folder / table.file[exposure]).read_bytes()

    def data(self) -> list[str]:
        """All files below data/, relative to it."""
        return sorted(str(path.relative_to(self.folder / "data")) for path in (self.folder / "data").rglob("*.*"))
