"""Fetched files under `verify`: no record has them, the ledger of the downloads does."""

import pytest
from swath.archive.ledger import FOLDER, Entry, Ledger
from swath.files import sha256
from swath.provenance.verify import verify

NAMES = ("data/D1/a.fits", "data/D2/b.fits")


@pytest.fixture
def tile(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "results/t"
    ledger = Ledger(folder / FOLDER, "b003")
    for name in NAMES:
        path = folder / name
        path.parent.mkdir(parents=True)
        path.write_text(name)
        ledger.add(Entry(name, name, path.stat().st_size, sha256(path)))
    ledger.close()
    return folder


def test_fetched_files_are_verified_and_no_strays(tile):
    report = verify("results/t")
    assert report.fine
    assert report.products == 2
    assert not any("no record knows" in note for note in report.notes)


def test_a_fetched_file_that_was_changed_is_named_with_the_batch_that_fetches_it(tile):
    (tile / NAMES[0]).write_text("other")
    (finding,) = verify("results/t").findings
    assert (finding.kind, finding.path) == ("CHANGED", f"results/t/{NAMES[0]}")
    assert finding.forced == ("results/t/download/b003.parquet",)


def test_a_file_that_was_fetched_again_by_another_batch_is_held_to_either_entry(tile):
    """Batches are read in the order of their names, which says nothing of which came later."""
    path = tile / NAMES[0]
    path.write_text("reprocessed")
    ledger = Ledger(tile / FOLDER, "b001")
    ledger.add(Entry(NAMES[0], NAMES[0], path.stat().st_size, sha256(path)))
    ledger.close()
    assert verify("results/t").fine


def test_fetched_files_that_were_deleted_are_told_and_no_fault(tile):
    (tile / NAMES[0]).unlink()
    report = verify("results/t")
    assert report.fine
    assert any(note.startswith("1 files that were fetched") for note in report.notes)


def test_other_files_beside_them_are_told(tile):
    (tile / "data/D1/mine.fits").write_text("x")
    assert any("data/D1/mine.fits" in note for note in verify("results/t").notes)
