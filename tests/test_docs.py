"""The generated documents: they follow the model, and the default run is what it should be."""

import json
import os
import subprocess
import sys

import pytest
import yaml
from swath import docs
from swath.config import peer
from swath.config.default_run import OVERRIDES
from swath.config.imagelist import read_images
from swath.config.keys import expected, keys
from swath.config.model import Config
from swath.config.yamlfile import load_file, read_yaml


def test_documents_follow_the_model():
    assert not docs.drifted(), f"rewrite them with: {docs.COMMAND}"


def test_check_tells_the_command_and_fails_on_drift(monkeypatch, capsys):
    monkeypatch.setattr(docs, "drifted", lambda: ["config/README.md"])
    assert docs.main(["--check"]) == 1
    assert docs.COMMAND in capsys.readouterr().err


def test_a_changed_document_is_noticed(tmp_path):
    for path, text in docs.documents().items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    assert docs.drifted(tmp_path) == []
    (tmp_path / "config/config.yaml").write_text("tile: other\n")
    assert docs.drifted(tmp_path) == ["config/config.yaml"]


def test_the_command_in_the_message_works():
    environment = {**os.environ, "PYTHONPATH": str(docs.ROOT / "workflow")}
    command = [sys.executable, "-m", "swath.docs", "--check"]
    assert subprocess.run(command, env=environment, cwd="/", check=False).returncode == 0


def test_default_config_loads_to_the_overrides_and_nothing_else():
    content = read_yaml(docs.ROOT / "config/config.yaml")
    assert Config.model_validate(content) == Config.model_validate(OVERRIDES)
    assert leaves(content) == [key.path for key in keys() if "[" not in key.path]


def leaves(content, prefix=""):
    found = []
    for name, value in content.items():
        found += leaves(value, f"{prefix}{name}.") if isinstance(value, dict) else [prefix + name]
    return found


def test_default_run_has_all_its_files():
    images = read_images(load_file(docs.ROOT / "config/config.yaml"))
    assert [image.path[-9:] for image in images] == [f"{band}.fits.gz" for band in "ugriz"]


def test_schema_accepts_the_default_config_and_refuses_unknown_keys():
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads((docs.ROOT / "workflow/schemas/config.schema.json").read_text())
    content = yaml.safe_load((docs.ROOT / "config/config.yaml").read_text())
    jsonschema.validate(content, schema)
    jsonschema.validate({"inputs": {"images": ["a.fits", {"path": "b.fits"}]}}, schema)
    for wrong in ({"psf": {"sise": 3}}, {"inputs": {"images": [{"pth": "b"}]}}, {"psf": {"ngrid": 0}}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema)


def test_readme_has_every_key_and_every_parameter_of_tract7dt():
    lines = (docs.ROOT / "config/README.md").read_text().splitlines()
    first_cells = {line.split("|")[1].strip(" `") for line in lines if line.startswith("| `")}
    assert {key.path for key in keys()} | set(peer.defaults()) <= first_cells


def test_every_parameter_of_tract7dt_is_replaced_or_explained():
    replaced = {name for name, ours in peer.replacements().items() if ours}
    assert len(peer.defaults()) == 134
    assert replaced.isdisjoint(peer.GONE)
    assert replaced | set(peer.GONE) == set(peer.defaults())
    assert set(peer.NOTES) <= replaced
    assert {name for key in keys() for name in key.formerly} <= set(peer.defaults())


@pytest.mark.parametrize("key", keys(), ids=lambda key: key.path)
def test_every_key_is_described(key):
    assert key.effect
    assert expected(key.field)
    if key.path.endswith("_pix"):
        assert key.unit == "pix" or key.path.startswith("inputs.keywords")
    if key.path.endswith("_arcsec"):
        assert key.unit == "arcsec" or key.path.startswith("inputs.keywords")
