"""The pinned environments agree with each other and with the project's own requirements."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
REWRITE = (
    "uv pip compile pyproject.toml --universal --fork-strategy fewest --python-version 3.11 --generate-hashes "
    "--no-emit-index-url --no-header -o envs/lock.txt (and --extra test -o envs/lock-test.txt)"
)


def pins(name: str) -> dict[str, set[str]]:
    """Package -> pinned versions (one per range of Python versions) of a lock file."""
    found: dict[str, set[str]] = {}
    for package, version in re.findall(r"^([a-z0-9_.-]+)==([^\s;]+)", (ROOT / name).read_text(), re.MULTILINE):
        found.setdefault(package, set()).add(version)
    return found


@pytest.mark.parametrize("name", ["envs/lock.txt", "envs/lock-test.txt"])
def test_the_lock_meets_every_requirement(name):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [Requirement(line) for line in project["dependencies"]]
    if name == "envs/lock-test.txt":
        wanted += [Requirement(line) for line in project["optional-dependencies"]["test"]]
    locked = pins(name)
    for requirement in wanted:
        versions = locked.get(requirement.name.lower(), set())
        assert versions, f"{requirement} is not in {name}; rewrite it: {REWRITE}"
        assert all(requirement.specifier.contains(version) for version in versions), (requirement, versions, REWRITE)


@pytest.mark.parametrize("name", ["envs/lock.txt", "envs/lock-test.txt"])
def test_the_lock_names_no_index_and_has_a_hash_for_every_package(name):
    text = (ROOT / name).read_text()
    assert "://" not in text
    assert "index-url" not in text
    blocks = re.split(r"^(?=[a-z0-9_.-]+==)", text, flags=re.MULTILINE)[1:]
    assert blocks
    assert all("--hash=sha256:" in block for block in blocks)


def test_the_unrelated_package_named_tractor_is_nowhere():
    for name in ("envs/lock.txt", "envs/lock-test.txt", "pyproject.toml", *(f"envs/{p.name}" for p in yamls())):
        assert not re.search(r"^\s*[-\"']?\s*tractor\b", (ROOT / name).read_text(), re.MULTILINE), name


def yamls() -> list[Path]:
    return sorted((ROOT / "envs").glob("*.yaml"))


@pytest.mark.parametrize("path", yamls(), ids=lambda path: path.name)
def test_environments_of_rules_have_the_versions_of_the_lock(path):
    locked = pins("envs/lock-test.txt")  # GalSim is no run dependency: the other lock does not have it
    for line in yaml.safe_load(path.read_text())["dependencies"]:
        name, _, version = line.partition("=")
        if name.startswith("python"):
            continue
        assert version in locked[name.removesuffix("-base")], f"{path.name}: {line}"


def test_every_rule_has_an_environment_that_exists():
    rules = "".join(path.read_text() for path in (ROOT / "workflow/rules").glob("*.smk"))
    named = set(re.findall(r'"\.\./\.\./envs/(\w+\.yaml)"', rules))
    assert named == {path.name for path in yamls()}
