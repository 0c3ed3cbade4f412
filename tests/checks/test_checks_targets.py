"""Targets, and what stands in for an archive: told before anything runs."""

import pytest
from swath.checks.targets import check_targets
from swath.config.load import load_config
from swath.errors import InputError


def config(folder, **sections):
    return load_config({"targets": {"ra": 1.0, "dec": 2.0, "name": "a"}, **sections}, folder)


def test_targets_have_folders_and_a_row(tmp_path):
    (tmp_path / "t.csv").write_text("name,ra,dec\na b,1,2\na/b,3,4\n")
    names, (row,) = check_targets(config(tmp_path, targets={"table": "t.csv"}))
    assert len(set(names)) == 2
    assert (row.found, row.status) == ("2 targets", "ok")


@pytest.mark.parametrize(("content", "told"), [(None, "no such table or folder"), ((), "no FITS file in this folder")])
def test_a_list_that_holds_nothing_is_told_with_the_mistakes_of_the_targets(content, told, tmp_path):
    (tmp_path / "t.csv").write_text("name,ra,dec\na,361,2\n")
    if content is not None:
        (tmp_path / "files").mkdir()
    given = config(tmp_path, targets={"table": "t.csv"}, archive={"service": "list", "list": "files"})
    with pytest.raises(InputError, match="(?s)361.*" + told):
        check_targets(given)


def test_folders_and_tables_are_counted_and_named(tmp_path):
    (tmp_path / "files/deep").mkdir(parents=True)
    (tmp_path / "files/deep/a.fits.gz").touch()
    (tmp_path / "list.csv").touch()
    for name, found in (("files", "1 FITS files"), ("list.csv", "a table")):
        _, rows = check_targets(config(tmp_path, archive={"service": "list", "list": name}))
        assert rows[1].found == found
