"""Names that are safe in paths: of targets, of files; and what the names of SPHEREx files say."""

import hashlib
import re
import unicodedata

LONGEST = 64
DIGITS = 8
_LEVEL2 = re.compile(
    r"level2_(?P<period>\d{4}W\d{2}_\d[A-Z])_(?P<large>\d{4})_(?P<small>\d+)D(?P<detector>[1-6])_spx_"
    r"(?P<version>l2b-v\d+-\d{4}-\d{3})\.fits(?:\.gz|\.fz)?"
)
_VERSION = re.compile(r"l2b-(?P<version>v\d+)-(?P<processed>\d{4}-\d{3})")


def digest(text: str) -> str:
    """The first eight hex digits of the SHA-256 of a text in UTF-8."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:DIGITS]


def safe(text: str) -> str:
    """A text in letters, digits and `_.+-`, at most 64 of them, a letter or digit first; never empty."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    words = re.sub(r"[^A-Za-z0-9_.+-]+", "_", plain)
    words = re.sub(r"\.{2,}", ".", words)[:LONGEST]
    return re.sub(r"^[^A-Za-z0-9]+|[^A-Za-z0-9]+$", "", words) or "unnamed"


def slug(text: str) -> str:
    """A folder's name for any text: its safe part, '-' and eight hex digits of the text's SHA-256.

    Different texts that look alike ('a b', 'a/b') have different slugs; no slug is '.' or '..' or holds a separator.
    """
    return f"{safe(text)}-{digest(text)}"


def level2_parts(name: str) -> dict[str, str] | None:
    """What the name of a SPHEREx level 2 file says, or None where it is no such name.

    Returns
    -------
    obs_id ('2025W25_1B_0062_1'), band ('D3'), version ('v20'), processed ('2025-253').
    """
    found = _LEVEL2.fullmatch(name)
    if not found:
        return None
    obs_id = f"{found['period']}_{found['large']}_{found['small']}"
    version, processed = version_parts(found["version"])
    return {"obs_id": obs_id, "band": f"D{found['detector']}", "version": version, "processed": processed}


def version_parts(text: str) -> tuple[str, str]:
    """Version and date of processing in a text such as 'l2b-v20-2025-253': ('v20', '2025-253'); '' where absent."""
    found = _VERSION.search(text)
    return (found["version"], found["processed"]) if found else ("", "")


def release_of(collection: str) -> str:
    """The data release that a collection belongs to: 'qr2' of spherex_qr2 and spherex_qr2_deep; '' where none is named.

    ASSUME the first quick release, whose collection is named spherex_qr, is qr1.
    """
    found = re.search(r"(?:^|[_/-])(qr|dr)(\d*)(?=$|[_/-])", collection.lower())
    return f"{found[1]}{found[2] or '1'}" if found else ""


def version_order(version: str, processed: str) -> tuple[int, str]:
    """What sorts processings of one exposure, oldest first."""
    number = re.search(r"\d+", version)
    return (int(number[0]) if number else -1, processed)
