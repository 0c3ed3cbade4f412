import numpy as np
import pytest
from swath.config.images import Checks, WcsTolerance
from swath.config.inputs import Image, Keywords
from swath.frames.align import alignment_problems, duplicate_bands, flux_column_problems
from swath.frames.header import image_facts
from swath.frames.wcscards import LINEAR

from .synthetic import SIP, write_image


def images(tmp_path, *changes):
    """Facts of images g, r, i ... that differ from the first as told."""
    names = "grizy"
    paths = [write_image(tmp_path / f"{name}.fits", FILTER=name, **c) for name, c in zip(names, changes, strict=False)]
    return [image_facts(Image(path=path), Keywords()) for path in paths]


def mismatches(facts, **checks):
    """All that is said of the images after the first."""
    return [problem for other in facts[1:] for problem in alignment_problems(facts[0], other, Checks(**checks))]


def test_equal_grids_pass(tmp_path):
    assert not mismatches(images(tmp_path, SIP, SIP))


def test_cd_and_pc_times_cdelt_are_the_same(tmp_path):
    pc = dict.fromkeys(LINEAR) | {"CDELT1": -1.1e-4, "CDELT2": 1.1e-4, "PC1_2": 2e-6 / -1.1e-4, "PC2_1": 1e-6 / 1.1e-4}
    assert not mismatches(images(tmp_path, {}, pc))


def test_right_ascension_wraps(tmp_path):
    assert not mismatches(images(tmp_path, {"CRVAL1": 0.0}, {"CRVAL1": 360 - 5e-7}))


@pytest.mark.parametrize(
    ("key", "value", "step", "limit"),
    [
        ("CRVAL1", 150.1, 1e-6, "crval"),
        ("CRVAL2", 2.2, 1e-6, "crval"),
        ("CRPIX1", 30.5, 1e-6, "crpix"),
        ("CD1_2", 2e-6, 1e-9, "cd"),
        ("A_2_0", 3.1e-6, 1e-9, "cd"),
    ],
)
def test_each_key_has_its_tolerance(tmp_path, key, value, step, limit):
    facts = images(tmp_path, SIP, SIP | {key: value + 0.9 * step}, SIP | {key: value + 1.2 * step})
    assert not mismatches(facts[:2])
    (problem,) = mismatches(facts)
    for part in ("i.fits", f"{key} = ", f"they differ by {1.2 * step:.1e}", f"checks.wcs_tolerance.{limit} allows"):
        assert part in problem
    assert not mismatches(facts, wcs_tolerance=WcsTolerance(**{limit: 2 * step}))


def test_distortion_on_one_side_only(tmp_path):
    problems = mismatches(images(tmp_path, {}, SIP))
    assert {p.split(": ")[1].split(" =")[0] for p in problems} == {
        "CTYPE1",
        "CTYPE2",
        "A_2_0",
        "A_1_1",
        "B_0_2",
        "B_1_1",
    }


def test_everything_wrong_is_said_at_once(tmp_path):
    pixels = np.ones((40, 61), "f4")
    facts = images(tmp_path, {}, {"CRPIX1": 31.0}, {"CRVAL2": 2.3, "CTYPE1": "RA---SIN"}, {"pixels": pixels})
    text = "\n".join(mismatches(facts))
    for part in (
        "r.fits: CRPIX1 = 31.0, expected 30.5; they differ by 0.5 pix",
        "i.fits: CRVAL2 = 2.3",
        "i.fits: CTYPE1 = 'RA---SIN', expected 'RA---TAN'",
        "z.fits: 61 x 40 pix, expected 60 x 40",
    ):
        assert part in text


def test_doubled_bands_are_named_with_their_files(tmp_path):
    facts = images(tmp_path, {}, {})
    (sentence,) = duplicate_bands([*facts, facts[1]._replace(path="again.fits")])
    assert "band r comes from 2 images" in sentence
    assert "again.fits" in sentence
    assert not duplicate_bands(facts)


def test_checks_can_be_switched_off(tmp_path):
    off = {"require_same_shape": False, "require_wcs_alignment": False}
    assert not mismatches(images(tmp_path, {}, {"CRPIX1": 31.0, "pixels": np.ones((40, 61), "f4")}), **off)


def test_catalogue_without_fluxes_fits_any_bands():
    assert not flux_column_problems(["ID", "RA", "DEC", "FLUXERR_r", "MAG_x"], ["g", "r"])


def test_catalogue_with_exactly_the_bands_passes_in_any_order():
    assert not flux_column_problems(["FLUX_r", "RA", "FLUX_g"], ["g", "r"])


def test_missing_and_surplus_flux_columns_are_all_named():
    problems = flux_column_problems(["RA", "FLUX_g", "FLUX_z", "FLUX_R"], ["g", "r", "i"])
    starts = ("column FLUX_z: there is no image", "column FLUX_R: there", "no column FLUX_r,", "no column FLUX_i,")
    assert len(problems) == 4
    assert all(problem.startswith(start) for problem, start in zip(problems, starts, strict=True))
    assert "g, r, i" in problems[0]
