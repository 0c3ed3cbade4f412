"""Light curves and spectra from Python: one call, or stage by stage."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from ..config.load import load_config
from ..errors import ConfigError, InputError, RunError
from ..files import read_json, write_text
from ..targets import read_targets
from .entry import run
from .states import is_state

if TYPE_CHECKING:
    import pandas as pd


HEAD = "# Written by swath.run.photometer, and written anew by the next call of it.\n"


class Spectra:
    """A run for one position on the sky, in a working directory of its own.

    Parameters
    ----------
    ra, dec : ICRS [deg]. name : of the target, and of the tile its products are in; the position when left out.
    directory : the working directory, where the config is written as `<tile>.yaml` and what an earlier run has done is
        found again. cores : how many to use. options : further command-line options of Snakemake.
    sections : sections of the config, such as `archive={"bands": ["D1"]}`, `download={"cutout": {"size": "200px"}}`;
        `targets` may add proper motions and their epoch.

    Raises
    ------
    ConfigError, InputError : values that cannot be used, every problem at once; or `<tile>.yaml` is there and not one
        that was written here.
    """

    def __init__(
        self,
        ra: float,
        dec: float,
        name: str | None = None,
        *,
        directory: str | Path = ".",
        cores: int = 2,
        options: Sequence[str] = (),
        **sections: Any,
    ) -> None:
        target = {"ra": float(ra), "dec": float(dec), **({"name": name} if name else {}), **sections.pop("targets", {})}
        tile = sections.pop("tile", None) or _tile(name or f"{ra:.5f}{dec:+.5f}")
        self._begin({"tile": tile, "targets": target, **sections}, Path(directory).resolve(), cores, options)
        self.path = self.directory / f"{tile}.yaml"
        _write_config(self.path, self.mapping)

    @classmethod
    def resume(cls, state: str | Path, cores: int = 2, options: Sequence[str] = ()) -> "Spectra":
        """The run that a `state.json` tells of, to go on from what is there; `table` is that of its target.

        Raises
        ------
        InputError : no such file, or no state.
        """
        found = _read_state(state)
        self = cls.__new__(cls)
        self._begin(found["config"], Path(found["directory"]), cores, options)
        self.folder = self.tile_folder / "targets" / found["target"]
        self.path = Path(state).resolve()
        return self

    def query(self) -> "pd.DataFrame":
        """Ask the archive, and return the observations found."""
        return self.until("query").observations

    def download(self) -> "Spectra":
        """Fetch the files, after `query` where it is not done."""
        return self.until("download")

    def aperture(self) -> "pd.DataFrame":
        """Measure every exposure, after what that needs, and return the photometry."""
        return self.until("photometry").photometry

    def lightcurve(self) -> "pd.DataFrame":
        """Make the light curve, after what that needs, and return it."""
        return self.until("lightcurve").table

    def figures(self) -> dict[str, Path]:
        """Draw, after what that needs, and return the paths of the figures."""
        self.run()
        return {name: self.folder / name for name in ("combined_plot.png", "summary_plot.png")}

    def run(self) -> "Spectra":
        """Do all that the config asks for and is not done."""
        return self._run([])

    def until(self, rule: str) -> "Spectra":
        """Do all that is needed up to and including a rule (`snakemake --until`)."""
        return self._run(["--until", rule])

    @property
    def observations(self) -> "pd.DataFrame":
        """What `query` found."""
        return _read(self.tile_folder / "query/observations.parquet")

    @property
    def photometry(self) -> "pd.DataFrame":
        """What `aperture` measured, a row for every planned exposure."""
        return _read(self.tile_folder / "photometry.parquet")

    @property
    def table(self) -> "pd.DataFrame":
        """The light curve."""
        return _read(self.folder / "lightcurve.ecsv")

    @property
    def state(self) -> dict[str, Any]:
        """Stages done, counts, files and config, as of the end of the last run."""
        return read_json(self.folder / "state.json")

    def _begin(self, mapping: Mapping[str, Any], directory: Path, cores: int, options: Sequence[str]) -> None:
        self.mapping, self.directory, self.cores, self.options = dict(mapping), directory, cores, list(options)
        config = load_config(self.mapping, directory)
        self.tile_folder = directory / config.results / config.tile
        self.folder = self.tile_folder / "targets" / read_targets(config.targets)["slug"].iloc[0]

    def _run(self, options: Sequence[str]) -> "Spectra":
        code = run(self.path, cores=self.cores, directory=self.directory, options=[*self.options, *options])
        if code:
            raise RunError(
                f"the run in {self.directory} ended with exit code {code}; what went wrong is printed above and in "
                f"{self.tile_folder}/logs; what is done is kept, and the same call goes on from there"
            )
        return self


def photometer(ra: float, dec: float, name: str | None = None, **rest: Any) -> Spectra:
    """From a position on the sky to its light curve, spectrum and figures, in one call; arguments as for `Spectra`.

    `photometer(304.69, 42.44, "my star", directory="run").table` is the light curve.
    """
    return Spectra(ra, dec, name, **rest).run()


def _write_config(path: Path, mapping: Mapping[str, Any]) -> None:
    """Write a config, over an earlier one of ours alone."""
    if path.is_file() and not path.read_bytes().startswith(HEAD.encode()):
        raise ConfigError(f"{path}: a config of your own; give another name, tile or directory, or move it away")
    write_text(path, HEAD + yaml.safe_dump(dict(mapping), sort_keys=False, allow_unicode=True))


def _read_state(path: str | Path) -> dict[str, Any]:
    try:
        found = read_json(path)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except (ValueError, OSError) as error:
        raise InputError(f"{path}: not readable ({error}); expected the state.json of a target") from None
    if not isinstance(found, dict) or not is_state(found):
        raise InputError(f"{path}: not the state.json of a target; those are in <results>/<tile>/targets/<target>/")
    return found


def _read(path: Path) -> "pd.DataFrame":
    from ..tables import read_table

    return read_table(path, allow_empty=True)


def _tile(name: str) -> str:
    """A name of a tile that says as much of `name` as it may hold."""
    return re.sub(r"[^A-Za-z0-9_.+-]+", "_", name).strip("_.+-") or "target"
