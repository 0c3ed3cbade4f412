"""Points, circles and convex polygons on the sphere, as the texts that tables of archives have of them."""

from functools import lru_cache

import numpy as np


def contains(inner: str, outer: str) -> bool:
    """Is a point within a circle or a convex polygon whose sides are great circles."""
    kind, points, radius = _shape(outer)
    at = unit(points_of(inner)[:1])[0]
    if kind == "CIRCLE":
        return bool(angle(points_of(inner)[0], points[0]) <= radius)
    return bool(np.all(_poles(outer) @ at >= 0))


def intersects(one: str, other: str) -> bool:
    """Do two shapes, one of them a point or a circle, have anything in common."""
    if _shape(one)[0] == "POLYGON":
        one, other = other, one
    kind, points, radius = _shape(one)
    if kind == "POLYGON":
        raise ValueError("INTERSECTS of two polygons is not answered here")
    if _shape(other)[0] == "CIRCLE":
        return bool(angle(points[0], points_of(other)[0]) <= radius + _shape(other)[2])
    if contains(f"POINT {points[0][0]} {points[0][1]}", other):
        return True
    corners = unit(points_of(other))
    steps = np.linspace(0, 1, 2001)[:, None]  # ASSUME 1/2000 of a side is fine enough to tell near from far
    sides = [a + steps * (b - a) for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True)]
    edge = np.concatenate(sides)
    away = np.degrees(np.arccos(np.clip(edge @ unit(points)[0] / np.linalg.norm(edge, axis=1), -1, 1)))
    return bool(away.min() <= radius)


def circle(*arguments: object) -> str:
    """ADQL's CIRCLE, with or without a coordinate system."""
    return "CIRCLE {} {} {}".format(*arguments[-3:])


@lru_cache(maxsize=65536)
def _shape(text: str) -> tuple[str, np.ndarray, float]:
    """Kind, points (n, 2) [deg] and radius [deg] of a shape's text."""
    kind, *words = text.split()
    numbers = np.array([float(word) for word in words if not word.isalpha()])
    if kind == "CIRCLE":
        return kind, numbers[:2].reshape(1, 2), float(numbers[2])
    points = numbers.reshape(-1, 2)
    closed = kind == "POLYGON" and len(points) > 3 and np.array_equal(points[0], points[-1])
    if kind not in ("POINT", "POLYGON"):
        raise ValueError(f"no shape {text[:40]!r}")
    return kind, points[:-1] if closed else points, 0.0


def points_of(text: str) -> np.ndarray:
    """The points of a shape (n, 2) [deg]."""
    return _shape(text)[1]


@lru_cache(maxsize=65536)
def _poles(polygon: str) -> np.ndarray:
    """Poles of a convex polygon's sides (n, 3), towards its inside."""
    corners = unit(points_of(polygon))
    poles = np.cross(corners, np.roll(corners, -1, axis=0))
    return poles * np.sign(poles @ corners.mean(axis=0))[:, None]


def unit(places: np.ndarray) -> np.ndarray:
    """Unit vectors (..., 3) of RA and Dec (..., 2) [deg]."""
    ra, dec = np.radians(np.asarray(places, float)).T
    return np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=-1)


def sky(vector: np.ndarray) -> tuple[float, float]:
    """RA and Dec [deg] of a vector."""
    x, y, z = vector / np.linalg.norm(vector)
    return float(np.degrees(np.arctan2(y, x)) % 360), float(np.degrees(np.arcsin(z)))


def angle(one: np.ndarray, other: np.ndarray) -> float:
    """Angle between two places [deg]."""
    a, b = unit(one), unit(other)
    return np.degrees(np.arctan2(np.linalg.norm(np.cross(a, b)), a @ b))
