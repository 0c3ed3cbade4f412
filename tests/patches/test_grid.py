"""Cells and patches tile the crop box, and every position has exactly one owner."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from swath.patches.grid import cells, grow, inside, owners, patches

boxes = st.tuples(st.integers(0, 50), st.integers(60, 900), st.integers(0, 50), st.integers(60, 900))


@given(boxes, st.integers(1, 7), st.integers(1, 6))
def test_patches_tile_the_crop_box_without_overlap(box, ngrid, sub):
    count = np.zeros((box[3], box[1]), int)
    for cell in cells(box, ngrid):
        for patch in patches(cell, sub):
            x0, x1, y0, y1 = patch.base
            count[y0:y1, x0:x1] += 1
    assert (count[box[2] :, box[0] :] == 1).all()
    assert count[: box[2]].sum() == 0
    assert count[:, : box[0]].sum() == 0


@given(boxes, st.integers(1, 4), st.lists(st.tuples(st.floats(-0.5, 900), st.floats(-0.5, 900)), min_size=1))
def test_every_position_in_the_crop_box_has_one_owner(box, ngrid, points):
    x, y = np.array(points).T
    x, y = np.clip(x, box[0] - 0.5, box[1] - 0.5), np.clip(y, box[2] - 0.5, box[3] - 0.5)
    grid = [patch.base for cell in cells(box, ngrid) for patch in patches(cell, 2)]
    owner = owners(x, y, box, grid)
    assert (owner >= 0).all()
    px, py = np.clip(np.rint(x), box[0], box[1] - 1), np.clip(np.rint(y), box[2], box[3] - 1)
    assert all(inside(px[k : k + 1], py[k : k + 1], grid[owner[k]])[0] for k in range(len(x)))


def test_tags_say_row_and_column():
    cell = cells((0, 100, 0, 60), 2)[1]
    assert (cell.tag, cell.box) == ("r00_c01", (50, 100, 0, 30))
    assert [patch.tag for patch in patches(cell, 2)] == [f"r00_c01_pr0{r}_pc0{c}" for r in (0, 1) for c in (0, 1)]


def test_regions_are_cut_to_the_image():
    assert grow((10, 50, 0, 20), 30, (40, 70)) == (0, 70, 0, 40)
