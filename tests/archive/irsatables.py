"""The tables of the stand-in for IRSA: ADQL by SQLite, with points, circles and polygons on the sphere.

SQLite reads the ADQL as it is, apart from TOP: CONTAINS, INTERSECTS, POINT, CIRCLE and DISTANCE are functions that it
is given. So a WHERE clause means what it says, and a misspelt column or table is an error as it is there.
"""

import re
import sqlite3
import threading
from collections.abc import Iterable, Sequence
from xml.sax.saxutils import escape, quoteattr

import numpy as np
from archive.irsafiles import EXPOSED, WAVES, Exposure
from archive.sphere import angle, circle, contains, intersects, points_of, sky, unit

HEAD = (
    '<?xml version="1.0" encoding="utf-8"?>\n<VOTABLE version="1.3" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">\n'
    '<RESOURCE type="results">\n'
)
TAIL = "</RESOURCE>\n</VOTABLE>\n"


def words(text: str) -> list[str]:
    """Names in a text."""
    return text.split()


SIA_COLUMNS = words("""s_ra s_dec facility_name instrument_name dataproduct_subtype calib_level dataproduct_type
energy_bandpassname energy_emband obs_id s_resolution em_min em_max em_res_power proposal_title access_url
access_format access_estsize t_exptime s_region obs_collection obs_intent obs_release_date s_xel1 s_xel2 s_pixel_scale
t_min t_max obs_publisher_did s_fov cloud_access dist_to_point""")
OBSCORE_COLUMNS = words("""dataproduct_type calib_level obs_collection obs_id obs_publisher_did access_url access_format
access_estsize target_name s_ra s_dec s_fov s_region s_xel1 s_xel2 s_resolution t_min t_max t_exptime t_resolution
em_min em_max em_res_power o_ucd facility_name instrument_name energy_bandpassname""")
UNITS = {
    **dict.fromkeys(words("s_ra s_dec s_fov dist_to_point"), "deg"),
    **dict.fromkeys(words("em_min em_max energy_bounds_lower energy_bounds_upper"), "m"),
    **dict.fromkeys(words("t_min t_max time_bounds_lower time_bounds_upper"), "d"),
    "t_exptime": "s",
    "access_estsize": "kbyte",
    "s_pixel_scale": "arcsec",
    "s_resolution": "arcsec",
}
WHOLE = {"calib_level", "s_xel1", "s_xel2", "access_estsize"}
NUMBERS = {*UNITS, "em_res_power", "t_resolution"} - WHOLE


class Refused(Exception):
    """A query that the service answers with QUERY_STATUS ERROR."""


class Tables:
    """The archive's tables in memory; `ask` takes ADQL."""

    def __init__(self, exposures: Sequence[Exposure], base: str, others: Iterable[str] = ()) -> None:
        self.base, self._lock = base, threading.Lock()
        self._db = db = sqlite3.connect(":memory:", check_same_thread=False)
        self.products = [_product(exposure, base) for exposure in exposures]
        self.collections = sorted({exposure.collection for exposure in exposures} | set(others))
        for name, count, function in (
            ("POINT", -1, lambda *a: "POINT {} {}".format(*a[-2:])),
            ("CIRCLE", -1, circle),
            ("CONTAINS", 2, lambda inner, outer: int(contains(inner, outer))),
            ("INTERSECTS", 2, lambda one, other: int(intersects(one, other))),
            ("DISTANCE", 2, lambda one, other: float(angle(points_of(one)[0], points_of(other)[0]))),
        ):
            db.create_function(name, count, function, deterministic=True)
        for schema in ("spherex", "caom"):
            db.execute(f"ATTACH ':memory:' AS {schema}")
        self._fill()

    def _fill(self) -> None:
        make = self._make
        rows = [product["caom"] for product in self.products]
        observations = {row["obsid"]: (row["obsid"], row["collection"], row["obs_id"]) for row in rows}
        make("spherex.observation", ["obsid", "collection", "observationid"], observations.values())
        make("caom.observation", ["collection"], [(name,) for name in self.collections])
        plane = words("""planeid obsid obs_publisher_did poly time_bounds_lower time_bounds_upper energy_bandpassname
        energy_bounds_lower energy_bounds_upper""")
        make("spherex.plane", plane, [[row[key] for key in plane] for row in rows])
        make("spherex.artifact", ["uri", "planeid"], [(row["uri"], row["planeid"]) for row in rows])
        link = [{**p["sia"], "access_url": p["datalink"], "access_format": LINK} for p in self.products]
        make("spherex.obscore", OBSCORE_COLUMNS, [[row.get(key) for key in OBSCORE_COLUMNS] for row in link])

    def _make(self, table: str, columns: list[str], rows: Iterable[Sequence]) -> None:
        self._db.execute(f"CREATE TABLE {table} ({', '.join(columns)})")
        self._db.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(columns))})", [tuple(r) for r in rows])

    def ask(self, adql: str, maxrec: int) -> tuple[list[str], list[tuple], bool]:
        """Columns, at most `maxrec` rows, and whether there were more.

        Raises
        ------
        Refused : what cannot be understood.
        """
        top = re.match(r"\s*SELECT\s+(DISTINCT\s+|ALL\s+)?TOP\s+(\d+)\s", adql, re.I)
        query = adql if not top else f"SELECT {top[1] or ''}{adql[top.end() :]} LIMIT {top[2]}"
        if not re.match(r"\s*SELECT\s", query, re.I) or ";" in query:
            raise Refused(f"UsageFault: BAD_REQUEST: ParseException: {adql[:60]}")
        try:
            with self._lock:
                cursor = self._db.execute(query)
                rows = cursor.fetchmany(maxrec + 1)
        except (sqlite3.Error, ValueError, IndexError) as error:
            raise Refused(f"UsageFault: BAD_REQUEST: {error}") from error
        return [column[0] for column in cursor.description], rows[:maxrec], len(rows) > maxrec

    def sia(self, asked: dict[str, list[str]], maxrec: int) -> tuple[list[str], list[list], bool]:
        """Rows of an SIA2 request; an unknown collection has none, without a word, as there."""
        rows = [product["sia"] for product in self.products]
        if "COLLECTION" in asked:
            rows = [row for row in rows if row["obs_collection"] in asked["COLLECTION"]]
        for key, lower, upper in (("BAND", "em_min", "em_max"), ("TIME", "t_min", "t_max")):
            for low, high in (_span(key, text) for text in asked.get(key, [])):
                rows = [row for row in rows if row[lower] <= high and row[upper] >= low]
        circles = [_position(text) for text in asked.get("POS", [])]
        if circles:
            rows = [row for row in rows if any(intersects(circle, row["s_region"]) for circle in circles)]
            rows = [{**row, "dist_to_point": _from_centre(row, circles[0])} for row in rows]
        table = [[row.get(key) for key in SIA_COLUMNS] for row in rows]
        return SIA_COLUMNS, table[:maxrec], len(table) > maxrec


LINK = "application/x-votable+xml;content=datalink"


def _product(exposure: Exposure, base: str) -> dict:
    """One exposure as rows of the tables."""
    corners = exposure.footprint
    region = "POLYGON ICRS " + " ".join(f"{value!r}" for value in [*corners.ravel().tolist(), *corners[0].tolist()])
    wave = WAVES[exposure.detector]
    centre = sky(unit(corners).mean(axis=0))
    begin, end = exposure.begin, exposure.begin + EXPOSED / 86400
    collection, obsid = exposure.collection, f"{exposure.collection}/{exposure.obs_id}/{exposure.parts['version']}"
    uri = f"ibe/data/spherex/{exposure.key}"
    band = f"SPHEREx-D{exposure.detector}"
    caom = {
        "uri": uri, "planeid": f"{obsid}/D{exposure.detector}", "obsid": obsid, "collection": collection,
        "obs_id": exposure.obs_id, "obs_publisher_did": exposure.did, "poly": region, "time_bounds_lower": begin,
        "time_bounds_upper": end, "energy_bandpassname": band, "energy_bounds_lower": wave[0] * 1e-6,
        "energy_bounds_upper": wave[1] * 1e-6,
    }  # fmt: skip
    cloud = f'{{"aws": {{"bucket_name": "nasa-irsa-spherex", "key":"{exposure.key}", "region": "us-east-1"}}}}'
    sia = {
        "s_ra": centre[0], "s_dec": centre[1], "facility_name": "SPHEREx", "instrument_name": "SPHEREx",
        "dataproduct_subtype": "science", "calib_level": 2, "dataproduct_type": "image", "energy_bandpassname": band,
        "energy_emband": "Infrared", "obs_id": exposure.obs_id, "s_resolution": 3.075, "em_min": wave[0] * 1e-6,
        "em_max": wave[1] * 1e-6, "em_res_power": 41.4, "proposal_title": "SPHEREx LVF Survey Data",
        "access_url": f"{base}/{uri}", "access_format": "image/fits", "access_estsize": 71635, "t_exptime": EXPOSED,
        "s_region": region, "obs_collection": collection, "obs_intent": "science",
        "obs_release_date": "2026-01-07 19:02:07", "s_xel1": exposure.header["NAXIS1"],
        "s_xel2": exposure.header["NAXIS2"], "s_pixel_scale": 6.15, "t_min": begin, "t_max": end,
        "obs_publisher_did": exposure.did, "s_fov": 3.485, "cloud_access": cloud,
    }  # fmt: skip
    return {"exposure": exposure, "caom": caom, "sia": sia, "datalink": f"{base}/datalink?ID={planned(exposure)}"}


def planned(exposure: Exposure) -> str:
    """What a datalink asks for: one product of one version."""
    return f"{exposure.collection}/{exposure.name}"


def votable(columns: Sequence[str], rows: Sequence[Sequence], overflow: bool = False) -> bytes:
    """A table as VOTable: names in `name`, made-up identifiers in `ID`; OVERFLOW is said after the table."""
    fields = "".join(_field(number, name, [row[number] for row in rows]) for number, name in enumerate(columns))
    lines = "".join("<TR>" + "".join(f"<TD>{_cell(value)}</TD>" for value in row) + "</TR>\n" for row in rows)
    after = '<INFO name="QUERY_STATUS" value="OVERFLOW"/>\n' if overflow else ""
    status = '<INFO name="QUERY_STATUS" value="OK"/>\n'
    return (
        f"{HEAD}{status}<TABLE>\n{fields}<DATA><TABLEDATA>\n{lines}</TABLEDATA></DATA></TABLE>\n{after}{TAIL}".encode()
    )


def error(message: str) -> bytes:
    """The VOTable of a refusal."""
    return f'{HEAD}<INFO name="QUERY_STATUS" value="ERROR">{escape(message)}</INFO>\n{TAIL}'.encode()


def _field(number: int, name: str, values: list) -> str:
    is_whole = name in WHOLE or (values and all(isinstance(value, int) for value in values))
    is_number = name in NUMBERS or (values and all(isinstance(value, int | float) for value in values))
    kind = 'datatype="long"' if is_whole else 'datatype="double"' if is_number else 'datatype="char" arraysize="*"'
    unit = f' unit="{UNITS[name]}"' if name in UNITS else ""
    return f'<FIELD ID="col_{number}" name={quoteattr(name)} {kind}{unit}/>\n'


def _cell(value: object) -> str:
    return "" if value is None else repr(value) if isinstance(value, float) else escape(str(value))


def _from_centre(row: dict, circle: str) -> float:
    return float(angle(np.array([row["s_ra"], row["s_dec"]]), points_of(circle)[0]))


def _position(text: str) -> str:
    words = text.split()
    if len(words) != 4 or words[0].lower() != "circle":
        raise Refused(f"UsageFault: BAD_REQUEST: POS {text}")
    ra, dec, radius = _floats("POS", words[1:])
    if not -90 <= dec <= 90:
        raise Refused(f"UsageFault: BAD_REQUEST: dec value {words[2]} lies outside valid interval [-90, 90]")
    if not 0 <= ra <= 360:
        raise Refused(f"UsageFault: BAD_REQUEST: ra value {words[1]} lies outside valid interval [0, 360]")
    return f"CIRCLE {ra} {dec} {radius}"


def _span(key: str, text: str) -> tuple[float, float]:
    numbers = _floats(key, [word.replace("Inf", "inf") for word in text.split()])
    return numbers[0], numbers[-1]


def _floats(key: str, words: list[str]) -> list[float]:
    try:
        return [float(word) for word in words]
    except ValueError as found:
        raise Refused(f"UsageFault: BAD_REQUEST: {key}: {found}") from found
