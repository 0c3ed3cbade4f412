"""Which code a rule depends on."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from swath.provenance import code
from swath.provenance.code import PACKAGE, fingerprint, modules

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted((ROOT / "scripts").glob("*.py"))
COMPUTING = ("load", "white", "sources", "stars", "epsf", "patches", "payload", "fit", "merge", "zeropoint", "manifest")
HIDDEN = """
class A:
    from . import a
    async def b(self):
        for c in d:
            import e
        else:
            import f
        while g:
            with h:
                import i
try:
    pass
except ImportError:
    import j
finally:
    import k
match l:
    case 1:
        import m
"""


# Every script is imported in a process of its own, forked where the libraries that all share are there already.
IMPORTER = """
import os, sys
import numpy, scipy.fft, scipy.ndimage, scipy.optimize, astropy.io.fits, astropy.wcs, pandas, pyarrow, pydantic
import matplotlib.figure, photutils.psf
for script in sys.argv[1:]:
    lines = [line for line in open(script, encoding="utf-8") if line.startswith(("from ", "import "))]
    if not (child := os.fork()):
        exec("".join(lines))
        files = [module.__file__ for name, module in sys.modules.items() if name.split(".")[0] == "swath"]
        print(script, *files, sep="\\t", flush=True)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0, script
"""


@pytest.fixture(scope="module")
def imported() -> dict[str, set[Path]]:
    """Script -> files of the swath modules that it really imports."""
    command = [sys.executable, "-c", IMPORTER, *map(str, SCRIPTS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={"PYTHONPATH": str(PACKAGE.parent)})
    assert done.returncode == 0, done.stderr
    rows = (line.split("\t") for line in done.stdout.splitlines())
    return {script: set(map(Path, files)) for script, *files in rows}


@pytest.mark.slow
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_what_a_script_really_imports_is_in_its_fingerprint(script, imported):
    """The static scan against the modules that are there when the script's have been imported."""
    assert len(imported[str(script)]) > 5
    assert imported[str(script)] <= modules(script)


def test_rooms_do_not_pull_in_each_other():
    names = {script.stem: {path.relative_to(PACKAGE).parts[0] for path in modules(script)} for script in SCRIPTS}
    assert not names["load"] & {"psf", "fit", "models", "merge", "calibration", "plots", "sources", "patches"}
    assert not names["fit"] & {"merge", "calibration", "plots", "sources"}
    assert not names["epsf"] & {"fit", "merge", "calibration", "plots"}
    for stem in COMPUTING:
        assert not names[stem] & {"plots", "explore", "simulate", "truth", "facts", "checks"}, stem


def test_what_reads_the_products_is_in_no_fingerprint_of_those_that_make_them():
    shared = {"__init__.py", "cards.py", "digests.py", "records.py", "seal.py"}
    for stem in COMPUTING[:-1]:
        used = modules(ROOT / "scripts" / f"{stem}.py")
        assert {path.name for path in used if path.parent.name == "provenance"} == shared, stem


def test_no_import_is_overlooked_wherever_it_stands():
    tree = ast.parse((PACKAGE / "plan.py").read_text() + HIDDEN)
    everything = {id(node) for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)}
    assert {id(node) for node in code._import_statements(tree)} == everything
    assert len(everything) > 9 + 7


@pytest.fixture
def fresh():
    """What was found of a package is remembered by names: forgotten before and after one that is made up."""
    kept = (code._imports, code._files, code._beside)
    for function in kept:
        function.cache_clear()
    yield
    for function in kept:
        function.cache_clear()


@pytest.mark.usefixtures("fresh")
def test_an_edit_changes_the_fingerprint_and_the_table_counts(tmp_path, monkeypatch):
    package = tmp_path / "swath"
    (package / "room").mkdir(parents=True)
    for name, text in {
        "__init__.py": "",
        "used.py": "from .room import deep\n",
        "unused.py": "",
        "room/__init__.py": "",
        "room/deep.py": "def late():\n    from ..other import thing\n",
        "other.py": "thing = 1\n",
    }.items():
        (package / name).write_text(text)
    (package / "other_table.npy").write_bytes(b"1")
    script = tmp_path / "script.py"
    script.write_text("from swath.used import x\nimport swath.room.deep as d\n")
    monkeypatch.setattr(code, "PACKAGE", package)
    first = fingerprint(script)
    names = {str(path.relative_to(package)) for path in modules(script)}
    assert names == {"__init__.py", "used.py", "room/__init__.py", "room/deep.py", "other.py", "other_table.npy"}
    (package / "unused.py").write_text("edited = True\n")
    assert fingerprint(script) == first
    (package / "other_table.npy").write_bytes(b"2")
    second = fingerprint(script)
    (package / "other.py").write_text("thing = 2\n")
    code._imports.cache_clear()
    assert len({first, second, fingerprint(script)}) == 3
