"""Which archive is asked, what for, and how its servers are spoken to."""

from typing import Literal

from .base import File, Section, key


class Http(Section):
    """How servers are spoken to: hosts, time limits, retries."""

    hosts: tuple[str, ...] = key(
        ("nasa-irsa-spherex.s3.us-east-1.amazonaws.com",),
        "hosts that may be asked or redirected to, besides those of the services' own URLs",
    )
    allow_http: bool = key(False, "allow http as well as https, in URLs given, found and redirected to")
    connect_timeout_s: float = key(10.0, "longest wait for a connection", "s", gt=0, le=3600)
    read_timeout_s: float = key(60.0, "longest silence of a server that is connected", "s", gt=0, le=86400)
    deadline_s: float = key(
        900.0, "longest time that one query may take, its retries and its queue included", "s", gt=0, le=864000
    )
    retries: int = key(5, "how often a request is tried again after a fault that may pass", ge=0, le=20)
    backoff_s: float = key(1.0, "first wait before a request is tried again; it doubles each time", "s", ge=0, le=3600)
    backoff_max_s: float = key(
        120.0, "longest such wait, also where a server asks for a longer one", "s", ge=0, le=86400
    )


class Archive(Section):
    """The archive that `query` asks, and which of its images are wanted; the defaults are SPHEREx at IRSA."""

    service: Literal["irsa_spherex", "obscore", "sia2", "list"] = key(
        "irsa_spherex",
        "SPHEREx's own TAP tables at IRSA; any TAP service with an ObsCore table; any SIA2 service; or no service but "
        "the table or folder in archive.list",
    )
    tap_url: str = key("https://irsa.ipac.caltech.edu/TAP", "base URL of the TAP service")
    sia_url: str = key("https://irsa.ipac.caltech.edu/SIA", "URL of the SIA2 service")
    data_url: str = key(
        "https://irsa.ipac.caltech.edu/",
        "what the file names in the TAP tables of archive.service: irsa_spherex begin at",
    )
    obscore_table: str = key("ivoa.obscore", "the ObsCore table of archive.service: obscore")
    list: File | None = key(
        None, "table of observations or folder of FITS files for archive.service: list; relative to the config file"
    )
    collections: tuple[str, ...] = key(
        ("spherex_qr2", "spherex_qr2_deep"), "collections of the archive; [] takes all that it has"
    )
    radius_arcsec: float = key(
        1.0, "images that overlap a circle of this radius around the target are found", "arcsec", gt=0, le=648000
    )
    bands: tuple[str, ...] = key((), "bands wanted (D1 to D6 of SPHEREx, or names of filters); [] takes all")
    mjd_min: float | None = key(None, "images that ended before are left out", "d")
    mjd_max: float | None = key(None, "images that began after are left out", "d")
    releases: tuple[str, ...] = key(
        (), "data releases wanted, such as qr2; [] takes the newest one found, and never several"
    )
    reprocessed: Literal["latest", "all", "pin"] = key(
        "latest",
        "which of several processings of one exposure is taken: the newest, all of them, or those of archive.pin",
    )
    pin: tuple[str, ...] = key((), "versions for archive.reprocessed: pin, such as v20 or l2b-v20-2025-253")
    tap_mode: Literal["auto", "sync", "async"] = key(
        "auto", "TAP jobs that are waited for, queued ones, or queued only when the answer is long or late"
    )
    maxrec: int = key(25000, "most rows in one answer; longer ones are asked for in parts", ge=1)
    connections: int = key(2, "queries at a time; IRSA refuses the fourth", ge=1, le=16)
    cache_days: float = key(
        0.0,
        "answers younger than this are not asked for again; 0 asks anew whenever the rule runs",
        "d",
        ge=0,
        le=36500,
    )
    max_failed_fraction: float = key(
        0.0,
        "largest fraction of targets whose query may fail, without an earlier answer, before the job does",
        ge=0,
        le=1,
    )
    http: Http = key(Http, "how servers are spoken to")
