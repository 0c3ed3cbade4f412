"""What must hold for the keys of targets and archive together."""

import re
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

SPHEREX_BANDS = ("D1", "D2", "D3", "D4", "D5", "D6")
MAGNITUDE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]*=[A-Za-z][A-Za-z0-9_]*")
HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|[0-9A-Fa-f]*:[0-9A-Fa-f:.]*")
Rule = tuple[tuple[str, ...], Callable[..., bool], str]


def archive_rules() -> Iterator[Rule]:
    """Keys, what must hold for their values, and the sentence that says so."""
    yield from _asked_for()
    yield from _reference()
    yield from _servers()


def _asked_for() -> Iterator[Rule]:
    """What is asked of an archive, and which parts of it are fetched."""
    yield (
        ("targets.table", "targets.ra", "targets.dec", "targets.name"),
        lambda table, *one: table is None or all(value is None for value in one),
        "either targets.table or one target in targets.ra, dec and name, and not both",
    )
    yield (
        ("targets.table", "targets.ra", "targets.dec", "targets.name"),
        lambda table, ra, dec, name: (ra is None) == (dec is None) and (name is None or ra is not None or bool(table)),
        "targets.ra and targets.dec together",
    )
    yield (
        ("archive.service", "archive.bands"),
        lambda service, bands: service != "irsa_spherex" or set(bands) <= set(SPHEREX_BANDS),
        f"bands of SPHEREx, {', '.join(SPHEREX_BANDS)}, for archive.service: irsa_spherex",
    )
    yield (
        ("archive.service", "archive.list"),
        lambda service, path: (service == "list") == (path is not None),
        "a table or folder in archive.list for archive.service: list, and for no other",
    )
    yield (
        ("archive.mjd_min", "archive.mjd_max"),
        lambda low, high: low is None or high is None or low < high,
        "archive.mjd_min below archive.mjd_max",
    )
    yield (
        ("archive.reprocessed", "archive.pin"),
        lambda policy, pin: (policy == "pin") == bool(pin),
        "versions in archive.pin for archive.reprocessed: pin, and for no other",
    )
    yield (
        ("download.cutout.center", "download.cutout.size"),
        lambda center, size: center is None or size is not None,
        "download.cutout.size where there is a centre: without it whole files are fetched",
    )


def _reference() -> Iterator[Rule]:
    """The reference stars."""
    yield (
        ("gaia.fetch.magnitudes",),
        lambda pairs: all(MAGNITUDE.fullmatch(pair) for pair in pairs) and len(set(map(_band, pairs))) == len(pairs),
        "texts such as g=g_sdss_mag, one for each band",
    )
    yield (
        ("gaia.fetch.ra", "gaia.fetch.dec", "gaia.fetch.radius_arcmin"),
        lambda *circle: len({value is None for value in circle}) == 1,
        "all of gaia.fetch.ra, dec and radius_arcmin, or none",
    )
    yield (
        ("gaia.fetch.urls", "archive.http.allow_http"),
        lambda urls, http: bool(urls) and all(_usable(url, http) for url in urls),
        "https URLs with hosts, one at least (http needs archive.http.allow_http: true)",
    )


def _servers() -> Iterator[Rule]:
    """Which servers may be spoken to."""
    yield (
        ("archive.http.hosts",),
        lambda hosts: all(HOST.fullmatch(host) for host in hosts),
        "names of hosts such as irsa.ipac.caltech.edu, no URLs and no patterns",
    )
    for name in ("archive.tap_url", "archive.sia_url", "archive.data_url"):
        yield (
            (name, "archive.http.allow_http"),
            lambda url, http: _usable(url, http),
            "an https URL with a host (http needs archive.http.allow_http: true)",
        )


def _usable(url: str, http: bool) -> bool:
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    return bool(host) and parts.scheme in (("https", "http") if http else ("https",)) and "@" not in parts.netloc


def _band(pair: str) -> str:
    return pair.partition("=")[0]
