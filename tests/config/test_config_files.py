"""Snapshots, config files with repeated keys, and what importing the config costs."""

import re
import subprocess
import sys

import pytest
from swath import __version__
from swath.config import snapshot
from swath.config.load import load_config
from swath.config.yamlfile import load_file, read_yaml
from swath.docs import ROOT
from swath.errors import ConfigError


@pytest.fixture
def config(tmp_path):
    return load_config({"inputs": {"images": ["a.fits"]}, "psf": {"ngrid": 3}}, tmp_path)


def test_a_snapshot_repeats_the_run_and_says_how_it_was_made(config, tmp_path):
    versions = snapshot.package_versions()
    path = snapshot.write_snapshot(config, tmp_path / "runs", ["snakemake", "--cores", "2 or 3"], versions)
    assert re.fullmatch(r"config_used_\d{8}_\d{6}\.yaml", path.name)
    assert load_file(path) == config
    lines = path.read_text().splitlines()
    assert lines[0] == "# command: snakemake --cores '2 or 3'"
    assert f"# swath {__version__}" in lines
    assert f"# python {sys.version.split()[0]}" in lines
    assert f"# numpy {versions['numpy']}" in lines


def test_snapshots_of_one_second_do_not_overwrite_each_other(config, tmp_path, monkeypatch):
    class Clock:
        @staticmethod
        def now():
            return snapshot_time

    from datetime import datetime

    snapshot_time = datetime(2026, 1, 2, 3, 4, 5)
    monkeypatch.setattr(snapshot, "datetime", Clock)
    names = [snapshot.write_snapshot(config, tmp_path, f"run {number}", {}).name for number in range(3)]
    assert names == [f"config_used_20260102_030405{end}.yaml" for end in ("", "_1", "_2")]
    assert (tmp_path / names[0]).read_text().startswith("# command: run 0\n")


def test_a_command_line_with_a_line_break_stays_a_comment(config, tmp_path):
    path = snapshot.write_snapshot(config, tmp_path, ["snakemake", "a\npsf: {ngrid: 9}"], {"x": "1"})
    assert load_file(path) == config


def test_unknown_packages_are_named_as_such():
    assert snapshot.package_versions(["no-such-package-here"])["no-such-package-here"] == "not installed"


def test_keys_that_stand_twice_are_refused_with_their_lines(tmp_path):
    path = tmp_path / "my.yaml"
    path.write_text("psf:\n  size: 31\n  size: 33\ninputs:\n  images: [{path: a, path: b}]\npsf: {}\n")
    with pytest.raises(ConfigError) as caught:
        read_yaml(path)
    assert caught.value.problems == [
        "psf.size: lines 2 and 3",
        "inputs.images[0].path: lines 5 and 5",
        "psf: lines 1 and 6",
    ]


@pytest.mark.parametrize(("text", "message"), [("a: [\n", "is not YAML"), ("\ta: 1\n", "is not YAML")])
def test_broken_yaml_is_told_with_its_place(tmp_path, text, message):
    (tmp_path / "my.yaml").write_text(text)
    with pytest.raises(ConfigError, match=message) as caught:
        read_yaml(tmp_path / "my.yaml")
    assert "line" in str(caught.value)


def test_a_section_within_itself_is_refused(tmp_path):
    (tmp_path / "c.yaml").write_text("psf: &p {size: *p}\n")
    with pytest.raises(ConfigError, match="a section refers to itself"):
        read_yaml(tmp_path / "c.yaml")


def test_missing_and_empty_config_files(tmp_path):
    with pytest.raises(ConfigError, match="no config file"):
        load_file(tmp_path / "none.yaml")
    (tmp_path / "empty.yaml").touch()
    assert read_yaml(tmp_path / "empty.yaml") == {}


def test_loading_a_config_imports_nothing_heavy():
    """The top level of the Snakefile runs again in every job of a cluster."""
    heavy = "numpy pandas scipy astropy photutils matplotlib yaml"
    code = f"import sys, swath.config.load, swath.config.canonical; print(set('{heavy}'.split()) & set(sys.modules))"
    result = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(ROOT / "workflow")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.strip() == "set()"
