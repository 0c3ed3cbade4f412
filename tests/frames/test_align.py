import numpy as np
import pytest
from swath.config.images import Checks, WcsTolerance
from swath.config.inputs import Image, Keywords
from swath.errors import InputError
from swath.frames.align import check_flux_columns, check_images
from swath.frames.header import gather_facts
from swath.frames.wcscards import LINEAR

from .synthetic import SIP, write_image


def images(tmp_path, *changes):
    """Facts of images g, r, i ... that differ from the first as told."""
    names = "grizy"
    paths = [write_image(tmp_path / f"{name}.fits", FILTER=name, **c) for name, c in zip(names, changes, strict=False)]
    return gather_facts([Image(path=path) for path in paths], Keywords())


def mismatches(facts, **checks):
    with pytest.raises(InputError) as caught:
        check_images(facts, Checks(**checks))
    return caught.value.problems


def test_equal_grids_pass(tmp_path):
    check_images(
        images(tmp_path, {}, {}, SIP | {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "A_2_0": 1e-10})[:2], Checks()
    )


def test_cd_and_pc_times_cdelt_are_the_same(tmp_path):
    pc = dict.fromkeys(LINEAR) | {"CDELT1": -1.1e-4, "CDELT2": 1.1e-4, "PC1_2": 2e-6 / -1.1e-4, "PC2_1": 1e-6 / 1.1e-4}
    check_images(images(tmp_path, {}, pc), Checks())


def test_right_ascension_wraps(tmp_path):
    check_images(images(tmp_path, {"CRVAL1": 0.0}, {"CRVAL1": 360 - 5e-7}), Checks())


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
    check_images(facts[:2], Checks())
    (problem,) = mismatches(facts)
    for part in ("i.fits", f"{key} = ", f"they differ by {1.2 * step:.1e}", f"checks.wcs_tolerance.{limit} allows"):
        assert part in problem
    check_images(facts, Checks(wcs_tolerance=WcsTolerance(**{limit: 2 * step})))


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

    facts = images(
        tmp_path, {}, {"CRPIX1": 31.0}, {"CRVAL2": 2.3, "CTYPE1": "RA---SIN"}, {"pixels": np.ones((40, 61), "f4")}
    )
    facts.append(facts[1]._replace(path="again.fits"))
    text = "\n".join(mismatches(facts))
    for part in (
        "r.fits: CRPIX1 = 31.0, expected 30.5; they differ by 0.5 pix",
        "i.fits: CRVAL2 = 2.3",
        "i.fits: CTYPE1 = 'RA---SIN', expected 'RA---TAN'",
        "z.fits: 61 x 40 pix, expected 60 x 40",
        "band r comes from 2 images",
        "again.fits",
    ):
        assert part in text


def test_checks_can_be_switched_off_but_not_for_doubled_bands(tmp_path):
    off = {"require_same_shape": False, "require_wcs_alignment": False}
    facts = images(tmp_path, {}, {"CRPIX1": 31.0})
    check_images(facts, Checks(**off))
    assert len(mismatches([*facts, facts[0]], **off)) == 1


def test_catalogue_without_fluxes_fits_any_bands():
    check_flux_columns(["ID", "RA", "DEC", "FLUXERR_r", "MAG_x"], ["g", "r"], "cat.csv")


def test_catalogue_with_exactly_the_bands_passes_in_any_order():
    check_flux_columns(["FLUX_r", "RA", "FLUX_g"], ["g", "r"], "cat.csv")


def test_missing_and_surplus_flux_columns_are_all_named():
    with pytest.raises(InputError) as caught:
        check_flux_columns(["RA", "FLUX_g", "FLUX_z", "FLUX_R"], ["g", "r", "i"], "cat.csv")
    text = str(caught.value)
    assert "cat.csv" in text
    assert "g, r, i" in text
    assert len(caught.value.problems) == 4
    for part in ("FLUX_z: there is no image", "FLUX_R: there is no image", "FLUX_r: missing", "FLUX_i: missing"):
        assert part in text
