"""The flags of pixels, by name."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from ..errors import ConfigError

if TYPE_CHECKING:  # names of flags are checked before anything heavy is imported
    from astropy.io import fits

SOURCE = "SOURCE"
PREFIX = "MP_"

# Where a file does not name its flags: the bits of the Quick Release documents, and of QR2 headers.
DOCUMENTED = {
    "TRANSIENT": 0,
    "OVERFLOW": 1,
    "SUR_ERROR": 2,
    "PHANTOM": 4,
    "REFERENCE": 5,
    "NONFUNC": 6,
    "DICHROIC": 7,
    "MISSING_DATA": 9,
    "HOT": 10,
    "COLD": 11,
    "FULLSAMPLE": 12,
    "PHANMISS": 14,
    "NONLINEAR": 15,
    "PERSIST": 17,
    "OUTLIER": 19,
    "CROSSTALK": 20,
    "SOURCE": 21,
    "GHOST": 22,
    "GHOST_FPA": 23,
    "GHOST_EXT": 24,
    "BLOOM": 26,
    "SNOWBALL": 27,
    "HALO": 28,
    "SATELLITE_HALO": 29,
}


def named_bits(header: "fits.Header") -> dict[str, int]:
    """Name to number of the bit, from the cards MP_<name> of a FLAGS header; empty where it has none."""
    found = {key[len(PREFIX) :]: header[key] for key in header if key.startswith(PREFIX)}
    return {name: bit for name, bit in found.items() if isinstance(bit, int) and 0 <= bit < 32}


def mask_of(flags: Iterable[str | int], bits: Mapping[str, int]) -> int:
    """The bits of some flags as one number; a flag is a name, or the number of its bit.

    Names that the file's header does not have are of flags that its pixels cannot have.

    Raises
    ------
    ConfigError : a name that neither the header nor the documents know.
    """
    numbers = set()
    for flag in map(str, flags):
        if flag.isdecimal() and int(flag) < 32:
            numbers.add(int(flag))
        elif flag in bits:
            numbers.add(bits[flag])
        elif flag not in DOCUMENTED and flag != "STREAK":
            known = ", ".join(sorted({*bits, *DOCUMENTED}))
            raise ConfigError(f"{flag!r} is no flag of SPHEREx; expected a bit from 0 to 31, or one of {known}")
    return sum(1 << number for number in numbers)


def renumbered(flags: int, bits: Mapping[str, int]) -> int:
    """Flags of a file by the documented numbers of their names, so that a bit means the same in all rows of a table.

    A flag that the documents do not name keeps its number, 32 higher where they have that number for another one.
    """
    moves = _moves(tuple(bits.items()))
    return sum(1 << moves.get(bit, bit) for bit in range(32) if flags >> bit & 1)


@lru_cache(maxsize=16)
def _moves(bits: tuple[tuple[str, int], ...]) -> dict[int, int]:
    taken = set(DOCUMENTED.values())
    return {bit: DOCUMENTED.get(name, bit + 32 * (bit in taken)) for name, bit in bits}
