"""Empty apertures hold nothing that is blocked, do not overlap, and their sums are what a loop would make."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from swath.noise.apertures import disk_weights, empty_places, psf_weights, weighted_sums


@given(st.integers(1, 9), st.integers(0, 40), st.integers(0, 5))
def test_places_are_empty_apart_and_inside(side, blocks, seed):
    rng = np.random.default_rng(seed)
    blocked = np.zeros((31, 44), bool)
    blocked.flat[rng.integers(0, blocked.size, blocks)] = True
    y, x = empty_places(blocked, side, 10_000, rng)
    taken = np.zeros(blocked.shape, int)
    for i, j in zip(y, x, strict=True):
        assert not blocked[i : i + side, j : j + side].any()
        taken[i : i + side, j : j + side] += 1
    assert taken.max(initial=0) <= 1
    assert taken.sum() == len(y) * side**2  # none reaches beyond the border


def test_no_more_places_than_asked_for():
    y, x = empty_places(np.zeros((100, 100), bool), 5, 37, np.random.default_rng(1))
    assert len(y) == len(x) == 37


def test_sums_are_those_of_a_loop():
    rng = np.random.default_rng(3)
    image, weights = rng.normal(size=(40, 50)).astype("f4"), rng.normal(size=(5, 5))
    y, x = rng.integers(0, 35, 600), rng.integers(0, 45, 600)
    plain = [(image[i : i + 5, j : j + 5] * weights).sum() for i, j in zip(y, x, strict=True)]
    assert weighted_sums(image, y, x, weights) == pytest.approx(plain, rel=1e-5, abs=1e-5)


def test_disks_have_the_area_of_their_pixels_and_psfs_keep_their_power():
    assert disk_weights(0.5).sum() == 1
    assert disk_weights(1.5).sum() == 9
    axis = np.arange(41) - 20
    psf = np.exp(-0.5 * (axis**2 + axis[:, None] ** 2) / 1.6**2)
    kept = psf_weights(psf)
    assert len(kept) % 2 == 1
    assert kept[len(kept) // 2, len(kept) // 2] == psf[20, 20]
    assert 0.99 <= (kept**2).sum() / (psf**2).sum() <= 1
