"""The folder of the products: writable, and with room; the estimate against what a run wrote."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from swath.checks import place
from swath.checks.rows import Row, as_text
from swath.checks.size import needed_bytes


@pytest.fixture
def config(field):
    return field.config()


def disk(monkeypatch, free):
    monkeypatch.setattr(place.shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10 * free, 9 * free, free))


def test_too_little_disk(monkeypatch, config):
    disk(monkeypatch, 3_000_000)
    (sentence,) = place.check_place(config, needed=40_000_000).errors
    assert sentence.startswith(config.results)
    assert "need about 40 MB, 3 MB are free" in sentence
    assert place.check_place(config, needed=2_000_000).errors == ()


def test_what_is_written_already_counts(monkeypatch, config):
    disk(monkeypatch, 3_000_000)
    (folder := Path(config.results, "t", "frames")).mkdir(parents=True)
    (folder / "g.fits").write_bytes(bytes(2_000_000))
    assert place.check_place(config, needed=4_900_000).errors == ()
    assert place.check_place(config, needed=5_100_000).errors


def test_the_switch(monkeypatch, field):
    disk(monkeypatch, 10)
    off = field.config(checks={"require_disk_space": False})
    assert place.check_place(off, needed=100).errors == ()


def test_a_file_where_the_folder_should_be(field):
    (field.folder / "results").write_text("")
    (sentence,) = [error for error in field.errors() if "results" in error]
    assert "is a file, expected a folder" in sentence


def test_a_folder_without_permission(field, monkeypatch):
    """Root may write anywhere: the question to the system is answered for it here."""
    monkeypatch.setattr(place.os, "access", lambda path, mode: Path(path) != field.folder)
    (sentence,) = field.errors()
    assert f"{field.folder}: the folder cannot be written to (Permission denied)" in sentence
    assert "config key results" in sentence


@pytest.mark.slow
def test_a_read_only_file_system(field):
    """A real one, mounted where only the child process sees it."""
    script = (
        f"mount -t tmpfs -o ro tmpfs '{field.folder}/results' && "
        f"'{sys.executable}' -c 'from pathlib import Path; from swath.checks.place import _not_writable as why; "
        f'print(why(Path("{field.folder}/results/t")))\''
    )
    (field.folder / "results").mkdir()
    environment = os.environ | {"PYTHONPATH": str(Path(place.__file__).parents[2])}
    done = subprocess.run(
        ["unshare", "-m", "bash", "-c", script], capture_output=True, text=True, env=environment, check=False
    )
    if done.returncode:
        pytest.skip(f"nothing can be mounted here: {done.stderr.strip()[-200:]}")
    assert "results: the folder cannot be written to (Read-only file system)" in done.stdout


def test_a_full_disk(monkeypatch, tmp_path):
    assert place.fullness(tmp_path) == ""
    disk(monkeypatch, 20_000)
    assert place.fullness(tmp_path / "not" / "yet") == (
        f"{tmp_path}: the disk is full (20 kB free); free some space and run again"
    )


def test_the_need_grows_with_bands_pixels_and_halos(config):
    def need(shape, bands, patches=4):
        return needed_bytes(config, shape, (0, shape[1], 0, shape[0]), bands, patches, 0)

    # Frames of 13 bytes per pixel and band, a white stack of 8, and 2 x 2 patches with halos of 30 pixels.
    pixels, patch = 1000 * 800, (500 + 60) * (400 + 60)
    psf = 4 * 3 * config.psf.size**2
    assert need((800, 1000), 3) == 3 * 13 * pixels + 8 * pixels + 4 * 3 * (9 * patch + psf)


def test_the_table_has_a_line_for_each_input_and_the_notes_below():
    rows = [Row("image g", "/a/g.fits", "10 x 10 pix"), Row("catalogue", "/a/c", "3 sources", ("no",), ("so", "what"))]
    text = as_text(rows).splitlines()
    assert text[1].split() == ["image", "g", "ok", "10", "x", "10", "pix", "/a/g.fits"]
    assert text[2].split() == ["catalogue", "error", "3", "sources", "/a/c"]
    assert text[3:] == ["", "notes:", "  - so", "  - what"]
    assert rows[1]._replace(errors=()).status == "note"
