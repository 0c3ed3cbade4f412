"""A light curve as a VOTable (IVOA 1.4): a spectrum of the IVOA's data model, with the times of its points."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from astropy.io.votable.tree import CooSys, Info, Param, Resource, TableElement, TimeSys, VOTableFile
from astropy.io.votable.tree import Field as VoField
from astropy.table import Table

from ..files import atomic
from .columns import Field
from .table import Target

KINDS = {"float": "double", "int": "long", "bool": "boolean"}
# ASSUME times are those of the observatory, in UTC: MJD-AVG of the images, whose TIMESYS is UTC.
TIME, SKY = "time_frame", "sky_frame"
MODEL = "Spectrum 1.1"


class _TextParam(Param):
    """A PARAM whose text is escaped once: astropy 7 and 8 escape it as text, and again as an attribute."""

    def to_xml(self, w: Any, **options: Any) -> None:
        VoField.to_xml(self, w, **options)


def write_votable(
    path: str | Path, table: Table, fields: Sequence[Field], target: Target, name: str, infos: Mapping[str, object]
) -> None:
    """Write as VOTable (TABLEDATA), atomically.

    Parameters
    ----------
    table : as `as_astropy` makes it, of the columns `fields`. target : its name and position become PARAMs.
    name : of the TABLE. infos : written as INFO elements.
    """
    tree = VOTableFile(version="1.4")
    resource = Resource(type="results", utype="spec:Spectrum")
    tree.resources.append(resource)
    resource.coordinate_systems.append(CooSys(ID=SKY, system="ICRS"))
    resource.time_systems.append(
        TimeSys(
            ID=TIME,
            timeorigin="MJD-origin",
            timescale="UTC",
            refposition="TOPOCENTER",
            config={"version_1_4_or_later": True},
        )
    )
    resource.infos.extend(Info(name=key, value=_text(value)) for key, value in infos.items())
    made = TableElement(tree, name=name, nrows=len(table))
    made.description = f"measurements of {target.name}, one row per planned exposure"
    resource.tables.append(made)
    made.params.extend(_params(tree, target))
    made.fields.extend(_field(tree, field, table) for field in fields)
    made.create_arrays(len(table))
    for field in fields:
        made.array[field.name] = table[field.name]
        made.array.mask[field.name] = False
    with atomic(path) as temporary:
        tree.to_xml(str(temporary), tabledata_format="tabledata")


def _params(tree: VOTableFile, target: Target) -> list[Param]:
    texts = {"DataModel": ("spec:Spectrum.DataModel", MODEL), "target": ("spec:Spectrum.Target.Name", target.name)}
    made: list[Param] = [
        _TextParam(tree, name=name, value=value, arraysize="*", datatype=_letters([value]), utype=utype)
        for name, (utype, value) in texts.items()
    ]
    numbers = {
        "target_ra": (target.ra, "deg", "pos.eq.ra", SKY),
        "target_dec": (target.dec, "deg", "pos.eq.dec", SKY),
        "target_epoch": (target.epoch, "yr", "time.epoch", None),
        "target_pmra": (target.pmra, "mas/yr", "pos.pm;pos.eq.ra", SKY),
        "target_pmdec": (target.pmdec, "mas/yr", "pos.pm;pos.eq.dec", SKY),
    }
    return made + [
        Param(tree, name=name, value=repr(value), datatype="double", unit=unit, ucd=ucd, ref=ref)
        for name, (value, unit, ucd, ref) in numbers.items()
        if value == value
    ]


def _field(tree: VOTableFile, field: Field, table: Table) -> VoField:
    shape = {"datatype": KINDS.get(field.kind, "char")}
    if field.kind == "str":
        shape = {"datatype": _letters(table[field.name]), "arraysize": "*"}
    made = VoField(
        tree, name=field.name, ID=field.name, unit=table[field.name].unit, ucd=field.ucd or None,
        utype=field.utype or None, ref=_frame(field.name), **shape,
    )  # fmt: skip
    made.description = field.meaning
    return made


def _frame(name: str) -> str | None:
    return {"mjd": TIME, "ra": SKY, "dec": SKY}.get(name)


def _letters(texts: Iterable[str]) -> str:
    return "char" if all(str(text).isascii() for text in texts) else "unicodeChar"


def _text(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
