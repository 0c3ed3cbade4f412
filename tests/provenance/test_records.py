"""What a job's record says, and that no byte of it changes unseen."""

import hashlib
import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st
from swath.errors import RunError
from swath.provenance import digests
from swath.provenance.cards import header_cards, parquet_metadata, stamped
from swath.provenance.digests import measured, measured_once
from swath.provenance.records import finish_record, is_record, params_hash, recorded, start_record
from swath.provenance.seal import Damaged, is_intact, read_sealed, unsealed, write_sealed

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)
RECORDS = st.dictionaries(st.text(max_size=8).filter(lambda key: key != "checksum"), VALUES, min_size=1, max_size=5)


@pytest.fixture
def job(tmp_path, monkeypatch):
    """A load job of a tile, with one input and one product."""
    monkeypatch.chdir(tmp_path)
    for name, content in {"in.fits": b"raw", "results/t/frames/g.fits": b"pixels"}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    record = "results/t/records/load/g.json"
    return record, start_record(record, "load", {"band": "g"}, {"code": "abc", "zp": 25.0}, [str(tmp_path / "in.fits")])


def test_a_record_holds_products_inputs_parameters_and_code(job, tmp_path):
    record, started = job
    finish_record(started, ["results/t/frames/g.fits", record])
    content = read_sealed(record)
    digest = hashlib.sha256(b"pixels").hexdigest()
    assert content["outputs"] == [{"path": "results/t/frames/g.fits", "size": 6, "sha256": digest}]
    assert content["inputs"] == [
        {"path": str(tmp_path / "in.fits"), "size": 3, "sha256": hashlib.sha256(b"raw").hexdigest()}
    ]
    assert (content["rule"], content["code"], content["params"]) == ("load", "abc", {"zp": 25.0})
    assert recorded(record, ".fits") == ("results/t/frames/g.fits", digest)
    assert json.loads((tmp_path / record).read_text())["checksum"]


def test_an_input_changed_while_the_job_ran_is_an_error(job, tmp_path):
    _, started = job
    os.utime(tmp_path / "in.fits", (1e9, 1e9))
    finish_record(started, ["results/t/frames/g.fits"])
    (tmp_path / "in.fits").write_bytes(b"new")
    with pytest.raises(RunError, match=r"in\.fits: changed while load was using it"):
        finish_record(started, ["results/t/frames/g.fits"])


def test_cards_do_not_depend_on_where_the_files_lie(job, tmp_path):
    _, started = job
    other = tmp_path / "elsewhere"
    (other / "results/t").mkdir(parents=True)
    (other / "in.fits").write_bytes(b"raw")
    record = str(other / "results/t/records/load/g.json")
    params = {"code": "abc", "zp": 25.0, "stamps": ["1 2"]}
    assert start_record(record, "load", {"band": "g"}, params, [str(other / "in.fits")]).cards == started.cards
    (other / "in.fits").write_bytes(b"row")
    changed = start_record(record, "load", {"band": "g"}, params | {"zp": 24.0}, [str(other / "in.fits")]).cards
    assert {a[0] for a, b in zip(changed, started.cards, strict=True) if a != b} == {"PARHASH", "INHASH"}


def test_a_record_as_input_counts_by_its_products(job):
    record, started = job
    finish_record(started, ["results/t/frames/g.fits"])
    hub = "results/t/records/patches/patches.json"
    first = start_record(hub, "patches", {}, {}, [record]).cards
    finish_record(
        started._replace(params={"code": "abc", "zp": 25.0, "stamps": ["later"]}), ["results/t/frames/g.fits"]
    )
    assert start_record(hub, "patches", {}, {}, [record]).cards == first
    assert is_record(record)
    assert not is_record("results/t/patches/patches.json")


@given(st.integers(0, 3))
def test_params_hash_takes_files_by_name(depth):
    folder = "/".join(["", *["deep"] * depth, ""])
    assert params_hash({"image": {"path": f"{folder}a.fits", "hdu": 1}}) == params_hash(
        {"image": {"hdu": 1, "path": "/a.fits"}, "code": "x", "stamps": []}
    )
    assert params_hash({"path": f"{folder}b.fits"}) != params_hash({"path": "/a.fits"})


def test_cards_are_set_for_the_block_only():
    assert header_cards() == ()
    with stamped([("RULE", "load", "the rule")]):
        assert header_cards() == (("RULE", "load", "the rule"),)
        assert json.loads(parquet_metadata()[b"provenance"]) == {"RULE": "load"}
    with pytest.raises(ValueError, match="body"), stamped([("RULE", "fit", "")]):
        raise ValueError("body")
    assert header_cards() == ()
    assert parquet_metadata() == {}


@given(RECORDS)
def test_sealed_files_read_back(tmp_path_factory, value):
    path = tmp_path_factory.mktemp("seal") / "record.json"
    write_sealed(path, value)
    assert read_sealed(path) == value
    assert is_intact(path)
    assert json.loads(path.read_text(encoding="utf-8")).keys() == {*value, "checksum"}


@given(RECORDS, st.data())
def test_any_change_of_a_byte_is_found(tmp_path_factory, value, data):
    path = tmp_path_factory.mktemp("seal") / "record.json"
    write_sealed(path, value)
    content = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    kind = data.draw(st.sampled_from(["flip", "drop", "add"]))
    if kind == "flip":
        content[place] ^= data.draw(st.integers(1, 255))
    elif kind == "drop":
        del content[place:]
    else:
        content.insert(place, ord(" "))
    path.write_bytes(content)
    assert not is_intact(path)
    with pytest.raises(Damaged, match="changed after it was written"):
        unsealed(bytes(content), path)


def test_a_large_input_is_read_once_until_it_changes(tmp_path, monkeypatch):
    reads = []
    monkeypatch.setattr(digests, "SMALL", 4)
    monkeypatch.setattr(digests, "measured", lambda path: reads.append(path) or measured(path))
    tile, product, image = tmp_path / "t", tmp_path / "t/frames/g.fits", tmp_path / "g é.fits"
    product.parent.mkdir(parents=True)
    for file in (product, image):
        file.write_bytes(b"first content")
        assert measured_once(file, tile) == measured_once(file, tile) == measured(file)
    assert len(reads) == 2
    product.write_bytes(b"other content")
    os.utime(product, ns=(1, 1))
    assert measured_once(product, tile) == measured(product)
    kept = tile / "records/digests/frames/g.fits.json"
    content = bytearray(kept.read_bytes())
    content[content.index(b'sha256": "') + 12] ^= 1
    kept.write_bytes(content)
    assert measured_once(product, tile) == measured(product)
    assert len(reads) == 4
