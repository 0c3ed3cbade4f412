"""One run of the default field, shared by all tests of a worker."""

import shutil

import pytest
from archive.dachs.server import dachs
from runs import Run

__all__ = ["dachs"]


@pytest.fixture(scope="session")
def default_run(tmp_path_factory) -> Run:
    """The default field, run to the end, in a folder whose name has a space and a letter beyond ASCII."""
    run = Run(tmp_path_factory.mktemp("runs") / "tiny run é")
    run.output = run.snakemake().stdout
    return run


@pytest.fixture
def run_copy(default_run, tmp_path) -> Run:
    """A copy of the finished default run that a test may change."""
    folder = tmp_path / "copy"
    shutil.copytree(default_run.folder, folder, symlinks=True)
    return Run(folder)
