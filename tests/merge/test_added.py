"""Added bands behind those of the fit: nothing of the fit changes, and nothing is lost."""

import numpy as np
import pytest
from fake_tile import BANDS, make
from swath.errors import RunError
from swath.flags import FIT
from swath.merge.added import joined
from swath.merge.patches import PER_BAND, PER_SLOT, PatchFit, read_fit


def of_bands(patch: PatchFit, bands: slice, multi_band: bool) -> PatchFit:
    """The patch as if it had been fitted in these bands alone."""
    wide = PER_BAND if multi_band else (*PER_BAND, *PER_SLOT)
    return patch._replace(
        columns={name: v[:, bands] if name in wide else v.copy() for name, v in patch.columns.items()}
    )


@pytest.fixture(params=[True, False], ids=["joint", "band by band"])
def whole(request, tmp_path) -> tuple[list[PatchFit], bool]:
    world = make(tmp_path / "tile", multi_band=request.param)
    slots = 1 if request.param else len(BANDS)
    return [read_fit(path, BANDS, slots) for path in sorted(world.folder.glob("fit/*.fits"))], request.param


def parts(whole) -> tuple[list[PatchFit], list[PatchFit], bool]:
    patches, multi_band = whole
    first = [of_bands(patch, slice(0, 2), multi_band) for patch in patches]
    last = [of_bands(patch, slice(2, 3), multi_band) for patch in patches]
    for patch in last:
        patch.columns["flags"][:] = 0
    return first, last, multi_band


def test_columns_of_added_bands_follow_those_of_the_fit(whole):
    first, last, multi_band = parts(whole)
    for patch, expected in zip(joined(first, last[::-1], multi_band), whole[0], strict=True):
        assert patch.tag == expected.tag
        for name, values in expected.columns.items():
            assert np.array_equal(patch.columns[name], values, equal_nan=values.dtype.kind == "f"), name


def test_without_added_bands_nothing_changes(whole):
    assert joined(whole[0], [], whole[1]) == whole[0]


def test_flags_of_added_bands_say_what_is_wrong_there(whole):
    first, last, multi_band = parts(whole)
    first[0].columns["flags"][:] = FIT["NOT_CONVERGED"]
    last[0].columns["flags"][:] = FIT["SATURATED"] | FIT["NOT_CONVERGED"] | FIT["AT_BOUND"]
    flags = joined(first, last, multi_band)[0].columns["flags"]
    assert (flags == (FIT["NOT_CONVERGED"] | FIT["SATURATED"])).all()


@pytest.mark.parametrize(("own", "theirs", "lost"), [(0, 1, False), (1, 0, False), (1, 1, True)])
def test_no_data_means_in_no_band_at_all(whole, own, theirs, lost):
    first, last, multi_band = parts(whole)
    blind = FIT["NO_DATA"] | FIT["BAND_MISSING"]
    first[0].columns["flags"][:], last[0].columns["flags"][:] = own * blind, theirs * blind
    flags = joined(first, last, multi_band)[0].columns["flags"]
    assert ((flags & FIT["NO_DATA"] > 0) == lost).all()
    assert (flags & FIT["BAND_MISSING"] > 0).all()


def test_a_failure_in_the_added_bands_is_no_failure_of_the_fit(whole):
    first, last, multi_band = parts(whole)
    first[1].columns["flags"][:] = 0
    last[1].columns["flags"][:] = FIT["PATCH_FAILED"]
    last[1] = last[1]._replace(status="failed", reason="ValueError: no")
    patch = joined(first, last, multi_band)[1]
    assert patch.status == first[1].status
    assert patch.reason == "added bands: failed ValueError: no"
    assert (patch.columns["flags"] == FIT["BAND_MISSING"]).all()


def test_a_missing_or_foreign_patch_stops_the_merge(whole):
    first, last, multi_band = parts(whole)
    with pytest.raises(RunError, match="not measured in the added bands"):
        joined(first, last[1:], multi_band)
    last[0].columns["row"][0] += 1
    with pytest.raises(RunError, match="another list of sources"):
        joined(first, last, multi_band)
