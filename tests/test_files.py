"""Files are either whole or not there; flags have one meaning each."""

import json

import pytest
from swath import flags
from swath.files import atomic, read_json, sha256, write_json, write_text


def test_a_failed_write_leaves_the_old_file_and_no_trace(tmp_path):
    path = tmp_path / "folder" / "table.csv"
    write_text(path, "old")

    def fail():
        with atomic(path) as temporary:
            temporary.write_text("half")
            raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        fail()
    assert path.read_text() == "old"
    assert [p.name for p in path.parent.iterdir()] == ["table.csv"]


def test_the_temporary_file_is_in_the_same_folder_with_the_same_suffixes(tmp_path):
    with atomic(tmp_path / "image.fits.gz") as temporary:
        assert temporary.parent == tmp_path
        assert temporary.name.endswith(".image.fits.gz")
        temporary.write_bytes(b"x")
    assert (tmp_path / "image.fits.gz").read_bytes() == b"x"


def test_json_round_trip_and_refusal_of_nan(tmp_path):
    write_json(tmp_path / "a.json", {"é": [1, 2.5, None]})
    assert read_json(tmp_path / "a.json") == {"é": [1, 2.5, None]}
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "b.json", {"x": float("nan")})
    assert not (tmp_path / "b.json").exists()
    assert len(sha256(tmp_path / "a.json")) == 64


@pytest.mark.parametrize("registry", [flags.FIT_FLAGS, flags.MASK_FLAGS])
def test_every_flag_is_one_bit_of_its_own(registry):
    bits = [flag.bit for flag in registry]
    assert all(bit & (bit - 1) == 0 for bit in bits)
    assert len(set(bits)) == len(bits)
    assert len({flag.name for flag in registry}) == len(registry)
    assert max(bits) < 2**31
    assert flags.names(sum(bits), registry) == [flag.name for flag in registry]
    assert all(flag.name in flags.markdown(registry) for flag in registry)
