"""Which catalogue row is which reference star: one to one, whatever the order of the rows."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np
from scipy.spatial import KDTree

from .angles import unit_vectors


class Rows(NamedTuple):
    """The rows of a catalogue: RA, DEC [deg], is it a star, and the reference star it says it is ('' for none)."""

    ra: np.ndarray
    dec: np.ndarray
    star: np.ndarray
    claim: Sequence[str]


def match_rows(
    rows: Rows, ids: Sequence[str], ra: np.ndarray, dec: np.ndarray, known: Collection[str], radius_arcsec: float
) -> np.ndarray:
    """Catalogue row of each reference star, -1 for none, shape (m,); no row and no star is used twice.

    A row that names a star which the reference table knows is matched by that name alone. The other rows are matched
    by position within the radius: stars before galaxies, then the nearest pair first.

    Parameters
    ----------
    ids, ra, dec : the reference stars that may be matched, m of them.
    known : identifiers of the whole reference table.
    """
    claimed = np.array([claim in known for claim in rows.claim], bool)
    index = {name: j for j, name in enumerate(ids)}
    named = np.array([(i, index[claim]) for i, claim in enumerate(rows.claim) if claim in index], int).reshape(-1, 2)
    near = close_pairs(rows.ra, rows.dec, ra, dec, radius_arcsec)
    near = near[~claimed[near[:, 0]]]
    pairs = np.concatenate([named, near])
    by_name = np.arange(len(pairs)) < len(named)
    distance = separation(rows.ra[pairs[:, 0]], rows.dec[pairs[:, 0]], ra[pairs[:, 1]], dec[pairs[:, 1]])
    i, j = pairs.T
    # Coordinates break ties, so that the order of the rows cannot.
    order = np.lexsort((dec[j], ra[j], rows.dec[i], rows.ra[i], distance, ~rows.star[i], ~by_name))
    return first_come(pairs[order], len(ids))


def close_pairs(
    ra: np.ndarray, dec: np.ndarray, other_ra: np.ndarray, other_dec: np.ndarray, radius_arcsec: float
) -> np.ndarray:
    """Index pairs within the radius on the sphere, shape (k, 2); positions that are not numbers have none."""
    chord = 2 * np.sin(np.radians(radius_arcsec / 3600) / 2)
    rows, others = (np.flatnonzero(np.isfinite(a) & np.isfinite(d)) for a, d in ((ra, dec), (other_ra, other_dec)))
    if not (len(rows) and len(others)):
        return np.empty((0, 2), int)
    tree, other = KDTree(unit_vectors(ra[rows], dec[rows])), KDTree(unit_vectors(other_ra[others], other_dec[others]))
    found = tree.sparse_distance_matrix(other, chord, output_type="ndarray")
    return np.stack([rows[found["i"]], others[found["j"]]], axis=-1)


def separation(ra: np.ndarray, dec: np.ndarray, other_ra: np.ndarray, other_dec: np.ndarray) -> np.ndarray:
    """Angle between positions [deg], pair by pair, as a chord (grows with the angle; NaN sorts last)."""
    return np.linalg.norm(unit_vectors(ra, dec) - unit_vectors(other_ra, other_dec), axis=-1)


def first_come(pairs: np.ndarray, size: int) -> np.ndarray:
    """Take the pairs (row, star) in their order where both are free; row of each of `size` stars, -1 for none."""
    row_of = np.full(size, -1)
    taken = set()
    for row, star in pairs.tolist():
        if row not in taken and row_of[star] < 0:
            taken.add(row)
            row_of[star] = row
    return row_of
