"""The records of a tile, read again: who made what from what."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Self

from .digests import File
from .seal import Damaged, unsealed

# ASSUME figures and the catalogue browser are the only products that a config can switch off.
_OPTIONAL = ("figures/", "explore/")
# Rules whose products hold timings: verified by their records, but left out of the manifest, which is the same for
# every run of the same inputs.
TIMED = ("facts",)
# Rules that nothing asks for unless bands are added.
_FOR_ADDED = ("hub_added", "epsf_added", "payload_added", "fit_added")


class Job(NamedTuple):
    """A job as its record tells it. sha256, size : of the record itself."""

    record: str
    size: int
    sha256: str
    rule: str
    wildcards: dict[str, str]
    swath: str
    code: str
    params: dict[str, Any]
    params_hash: str
    libraries: dict[str, str]
    inputs: tuple[File, ...]
    outputs: tuple[File, ...]

    @property
    def name(self) -> str:
        """Rule and wildcards (the tile aside), for people."""
        return " ".join([self.rule, *(value for key, value in self.wildcards.items() if key != "tile")])


class Asked(NamedTuple):
    """What the present config asks for in one tile.

    bands : all of them, the added ones too. added : bands measured with the positions and shapes of the others.
    batches, targets : of exposures of an archive. products : paths of the final products.
    """

    bands: frozenset[str]
    added: frozenset[str]
    cells: frozenset[str]
    patches: frozenset[str]
    products: frozenset[str]
    batches: frozenset[str] = frozenset()
    targets: frozenset[str] = frozenset()

    @classmethod
    def by_lists(cls, **names: Iterable[str]) -> Self:
        """From plain lists, as a rule's parameters hold them."""
        return cls(**{name: frozenset(values) for name, values in names.items()})

    def leaves_over(self, rule: str, wildcards: Mapping[str, str], outputs: Iterable[File], folder: str) -> bool:
        """Is this the job of a part that is no more (a band, a patch ...), or of added bands or figures that are?"""
        if rule in _FOR_ADDED and not self.added:
            return True
        known = {"band": self.bands, "cell": self.cells, "patch": self.patches}
        known |= {"batch": self.batches, "target": self.targets}
        if any(name in known and value not in known[name] for name, value in wildcards.items()):
            return True
        paths = [file.path for file in outputs]
        drawn = bool(paths) and all(path.removeprefix(f"{folder}/").startswith(_OPTIONAL) for path in paths)
        return drawn and not self.products.intersection(paths)


def record_files(folder: str | Path) -> list[Path]:
    """The records of a tile, sorted; temporary files and kept digests aside."""
    records = Path(folder) / "records"
    found = (path for rule in records.glob("*/") if rule.name != "digests" for path in rule.rglob("*.json"))
    return sorted(path for path in found if not path.name.startswith(".") and path.is_file())


def read_job(path: str | Path) -> Job:
    """Read one record.

    Raises
    ------
    Damaged : its bytes are not those that were written, or it is no record.
    """
    data = Path(path).read_bytes()
    content = unsealed(data, path)
    try:
        lists = {name: tuple(File(**file) for file in content.pop(name)) for name in ("inputs", "outputs")}
        return Job(str(path), len(data), hashlib.sha256(data).hexdigest(), **content, **lists)
    except (TypeError, KeyError):
        raise Damaged(f"{path}: not a record of this version of swath") from None


def read_jobs(folder: str | Path) -> Iterator[Job | Path]:
    """Every record of a tile, one at a time; of a damaged one the path alone."""
    for path in record_files(folder):
        try:
            yield read_job(path)
        except Damaged:
            yield path
