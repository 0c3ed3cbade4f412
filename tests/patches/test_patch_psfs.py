"""Which cells' PSFs a patch is given, and that a source which crosses a border between cells keeps its flux."""

import numpy as np
import pytest
from astropy.io import fits
from swath.fit.optimise import optimise
from swath.fit.scene import Limits, Pixels, Problem, Settings, Sources
from swath.patches.psfs import assembled, patch_psf, psf_hdus, read_parts
from swath.psf import components, grid, store
from swath.psf.moffat import from_fwhm

CELL, SIDE, FLUX = 100, 96, 1e5


def fwhm_at(x):
    """The true PSF: 4 % wider with every cell, far more than a survey's."""
    return 3.6 * (1 + 0.04 * (x - 99.5) / CELL)


def stamp(fwhm):
    image = components.draw(components.of_moffat(from_fwhm(fwhm, 3.5)), 55)
    return image / (image * grid.disk(55, 12)).sum()


def write_cells(folder, places, linear=False, **more):
    """Cells of 100 pixels on a grid; the PSF depends on x alone."""
    paths = {}
    for row, column in places:
        x0, y0 = 49.5 + CELL * column, 49.5 + CELL * row
        planes = [stamp(fwhm_at(x0))]
        if linear:
            slope = (stamp(fwhm_at(x0 + 25)) - stamp(fwhm_at(x0 - 25))) / 50
            planes += [slope * CELL / 2, np.zeros_like(slope)]
        psf = store.BandPsf(
            "r", np.array(planes), x0, y0, CELL / 2, "stack", False, "", False, 9, 2, 12.0,
            **{name: value(x0) for name, value in more.items()},
        )  # fmt: skip
        tag = f"r{row:02d}_c{column:02d}"
        paths[tag] = folder / f"{tag}.fits"
        store.write(paths[tag], [psf], np.zeros(0, store.STARS))
    return paths


def psf_of(paths, tag, roi, interpolate=True):
    around = [path for other, path in paths.items() if other != tag] if interpolate else ()
    return patch_psf(paths[tag], around, roi)[0]


def flux_at(psf, x):
    """Fitted flux of a noiseless star at (x, 50), drawn with the true PSF there; `psf` in full-frame pixels."""
    corner = int(x) - SIDE // 2
    one = components.draw(components.of_moffat(from_fwhm(fwhm_at(x), 3.5)), 81)
    half = 40
    data = np.zeros((1, SIDE, SIDE), "f4")
    shifted = grid.shift(one / (one * grid.disk(81, 12)).sum(), x % 1, 0.0)
    data[0, 50 - half : 51 + half, SIDE // 2 - half : SIDE // 2 + half + 1] = FLUX * shifted
    good = np.ones(data.shape, bool)
    pixels = Pixels(data, np.full(data.shape, 1.0, "f4"), good, np.ones(1), np.zeros(1, bool))
    start = np.array([[x - corner + 0.1, 50.0, 0.0, 0.0, 0.0, 0.0]])
    limits = Limits(start - 3, start + 3, start * 0, np.full((1, 6), np.inf))
    sources = Sources(np.array(["star"]), start, np.array([[0.9 * FLUX]]), np.array([True]))
    found = optimise(Problem(pixels, psf.moved(corner, 0), sources, limits, Settings(stamp_threshold=1e-2)))
    assert found.converged.all()
    return found.sources.flux[0, 0] / FLUX


@pytest.mark.parametrize("linear", [False, True])
def test_a_source_that_crosses_a_border_does_not_jump(tmp_path, linear):
    """The border lies at x = 99.5. Without interpolation the flux jumps there by 2 % (constant cells)."""
    paths = write_cells(tmp_path, [(0, 0), (0, 1)], linear)
    sides = ("r00_c00", (0, 130, 0, 100)), ("r00_c01", (70, 200, 0, 100))
    jump = {}
    for interpolate in (False, True):
        left, right = (flux_at(psf_of(paths, *side, interpolate), 99.5) for side in sides)
        jump[interpolate] = abs(left - right)
    # the same cells with the same weights, in whatever order: only the fits' tolerance is left
    assert jump[True] < 2e-5
    assert jump[False] < 1e-3 if linear else 0.015 < jump[False] < 0.05


def test_fluxes_between_the_centres_are_right(tmp_path):
    """Constant cells whose PSFs differ by 4 % in width: biased by up to 2 % at the border, interpolated by 0.1 %."""
    paths = write_cells(tmp_path, [(0, 0), (0, 1)])
    places = (55.0, 75.25, 97.5, 112.75, 140.0)
    between = [flux_at(psf_of(paths, "r00_c00", (0, 200, 0, 100)), x) for x in places]
    alone = [flux_at(psf_of(paths, "r00_c00" if x < 99.5 else "r00_c01", (0, 200, 0, 100), False), x) for x in places]
    assert between == pytest.approx([1.0] * 5, abs=1e-3)
    assert max(abs(value - 1) for value in alone) > 0.008
    steps = [flux_at(psf_of(paths, "r00_c00", (0, 200, 0, 100)), x) for x in (99.3, 99.45, 99.55, 99.7)]
    assert np.abs(np.diff(steps)).max() < 1e-4


def test_only_cells_that_count_somewhere_in_the_patch_are_taken(tmp_path):
    paths = write_cells(tmp_path, [(r, c) for r in range(3) for c in range(3)])
    roi = {(50, 99, 50, 99): 1, (110, 140, 110, 140): 4, (120, 180, 110, 140): 6, (90, 210, 90, 210): 9}
    for box, count in roi.items():
        tag = "r00_c00" if count == 1 else "r01_c01"
        around = [paths[t] for t in paths if t != tag] if count > 1 else ()
        psf, own = patch_psf(paths[tag], around, box)
        assert psf.planes.shape[1] == count
        assert own[0].x0 == (49.5 if count == 1 else 149.5)
        assert (psf.cells is None) == (count == 1)
    # within half a cell of the field's corner nothing but the own cell counts
    assert patch_psf(paths["r00_c00"], [paths["r00_c01"]], (0, 45, 0, 45))[0].cells is None


def test_cells_around_a_gap_share_its_part(tmp_path):
    paths = write_cells(tmp_path, [(0, 0), (0, 1), (1, 0)])
    psf = psf_of(paths, "r00_c00", (60, 100, 60, 100))
    assert psf.planes.shape[1] == 3
    assert psf.cells.weights(99.5, 99.5) == pytest.approx([1 / 3] * 3)


@pytest.mark.parametrize("fine", [False, True])
def test_the_payload_holds_all_of_it(tmp_path, fine):
    """Cells on one side of the line between one and two samples per pixel beside cells on the other; wings."""

    def rows(x):
        return components.of_moffat(from_fwhm(fwhm_at(x), 3.5))

    more = {"wings": rows}
    if fine:
        more |= {
            "samples": lambda x: 2 if x < 100 else 1,
            "fine": lambda x: components.draw(rows(x), 55, 2)[None] if x < 100 else None,
        }
    paths = write_cells(tmp_path, [(0, 0), (0, 1)], **more)
    psf = psf_of(paths, "r00_c00", (60, 130, 0, 100))
    assert psf.samples.tolist() == [2 if fine else 1]
    fits.HDUList([fits.PrimaryHDU(), *psf_hdus(psf)]).writeto(tmp_path / "p.fits")
    bands = np.zeros(1, [("psf_x0", "f8"), ("psf_y0", "f8"), ("psf_scale", "f8"), ("psf_samples", "i4")])
    bands["psf_x0"], bands["psf_y0"], bands["psf_scale"], bands["psf_samples"] = psf.x0, psf.y0, psf.scale, psf.samples
    with fits.open(tmp_path / "p.fits") as hdus:
        again = assembled(np.array(hdus["PSF"].data, "f4"), bands, read_parts(hdus), (60, 130, 0, 100))
    for x, y in ((60.0, 30.0), (99.0, 60.5), (129.0, 99.0)):
        assert again.at(96, x - 60, y) == pytest.approx(psf.at(96, x, y), abs=1e-6)
    assert again.reach(np.array([1e9]), 0.03) == psf.reach(np.array([1e9]), 0.03) > 60
