"""Which `tractor` is on the module path: nothing of it is imported."""

import sys
from importlib.machinery import EXTENSION_SUFFIXES

import pytest
from swath.config.fit import Fit
from swath.errors import RunError
from swath.fit.engines import engine, name, tractor
from swath.fit.optimise import optimise
from swath.fit.tractor.find import find, require

PHOTOMETRY = ("engine.py", "galaxy.py", "psf.py", "constrained_optimizer.py")
COMPILED = tuple(f"{part}{EXTENSION_SUFFIXES[0]}" for part in ("_mix", "_mp_fourier"))


@pytest.fixture
def path(tmp_path, monkeypatch):
    """The only folder on the module path beside the standard library; packages in it raise when they are imported."""
    own = [entry for entry in sys.path if "site-packages" not in entry and "tractor" not in entry]
    monkeypatch.setattr(sys, "path", [str(tmp_path), *own])
    for module in [one for one in sys.modules if one.split(".")[0] in ("tractor", "astrometry")]:
        monkeypatch.delitem(sys.modules, module)
    return tmp_path


def package(folder, files):
    """An installed package that must not be imported."""
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text('raise AssertionError("imported")\n')
    for file in files:
        (folder / file).parent.mkdir(exist_ok=True)
        (folder / file).write_text("")


def photometry(path):
    package(path / "tractor", (*PHOTOMETRY, *COMPILED))
    (path / "tractor" / "version.py").write_text("git_version = 'x'\nversion = '11.1'\n")


def helpers(path):
    package(path / "astrometry", ("util/miscutils.py", "util/ttime.py"))


def test_nothing_is_there(path):
    (problem,) = find().problems
    assert "there is no package called tractor" in problem
    assert "`tractor` and `astrometry` are other software" in problem
    assert "fit.engine: native" in problem


def test_the_library_of_actors_is_told_from_the_tractor_by_what_it_lacks(path):
    package(path / "tractor", ("_supervisor.py", "_spawn.py"))
    (path / "tractor" / "_version.py").write_text('__version__ = "0.1.0"\n')
    helpers(path)
    (problem,) = find().problems
    assert str(path / "tractor" / "__init__.py") in problem
    assert "(version 0.1.0)" in problem
    assert "is not Dustin Lang's Tractor" in problem
    assert "constrained_optimizer.py" in problem


def test_a_folder_of_the_name_without_a_package_is_not_the_tractor(path):
    (path / "tractor").mkdir()
    helpers(path)
    (problem,) = find().problems
    assert "is not Dustin Lang's Tractor" in problem


def test_a_tractor_that_is_not_compiled_says_so(path):
    photometry(path)
    helpers(path)
    for file in COMPILED:
        (path / "tractor" / file).unlink()
    (problem,) = find().problems
    assert "is not compiled" in problem
    assert "_mp_fourier" in problem


def test_astrometry_of_the_same_name_is_found_out_too(path):
    photometry(path)
    package(path / "astrometry", ("solver.py",))
    (problem,) = find().problems
    assert "is not astrometry.net" in problem
    assert str(path / "astrometry") in problem


def test_all_that_is_wrong_is_said_at_once(path):
    package(path / "tractor", ())
    with pytest.raises(RunError) as error:
        require()
    assert len(error.value.problems) == 2


def test_the_tractor_and_its_version_are_found_without_importing_it(path):
    photometry(path)
    helpers(path)
    found = require()
    assert found == (str(path / "tractor" / "__init__.py"), "x", ())


def test_the_native_engine_asks_for_nothing(path):
    assert engine(Fit()) is optimise
    assert name(Fit()) == "native"
    assert not [module for module in sys.modules if module.split(".")[0] == "tractor"]


def test_a_missing_tractor_is_an_error_of_the_job_not_of_a_patch(path):
    with pytest.raises(RunError, match="there is no package called tractor"):
        engine(Fit(engine="tractor"))


def test_compiled_parts_for_another_python_do_not_count(path):
    """They used to, by their first letters: `_mix.cpython-27-...` is no module of this Python."""
    photometry(path)
    helpers(path)
    for file in COMPILED:
        (path / "tractor" / file).rename(path / "tractor" / file.replace(EXTENSION_SUFFIXES[0], ".cpython-27-x.so"))
    (problem,) = find().problems
    assert "is not compiled: it has no _mix, _mp_fourier" in problem


@pytest.mark.parametrize("ask", [tractor, lambda: engine(Fit(engine="tractor"))], ids=["compare", "fit"])
def test_a_tractor_that_does_not_import_says_which_and_why(path, ask):
    """All its files are there, and the compiled ones are no libraries: a traceback said it was a bug of swath."""
    photometry(path)
    helpers(path)
    (path / "tractor" / "__init__.py").write_text("from tractor import _mix\n")
    with pytest.raises(RunError) as error:
        ask()
    (problem,) = error.value.problems
    assert problem.startswith(f"{path / 'tractor' / '__init__.py'}: this Tractor (version x) cannot be imported: ")
    assert "_mix" in problem
    assert "fit.engine: native" in problem
