"""Image lists: two formats, paths from the list's folder, every problem at once."""

import pytest
from swath.config.imagelist import read_images
from swath.config.load import load_config
from swath.errors import InputError


@pytest.fixture
def field(tmp_path):
    """A folder with empty files a.fits ... d.fits, and a config folder beside the lists' folder."""
    (tmp_path / "lists").mkdir()
    for name in ("a", "b", "c", "d"):
        (tmp_path / "lists" / f"{name}.fits").touch()

    def read(name, text, **sections):
        (tmp_path / "lists" / name).write_bytes(text.encode())
        return read_images(load_config({"inputs": {"image_list": f"lists/{name}"}, **sections}, tmp_path))

    read.folder = tmp_path / "lists"
    return read


def problems(read, *arguments, **sections):
    with pytest.raises(InputError) as caught:
        read(*arguments, **sections)
    return caught.value.problems


def test_text_list_with_comments_blank_lines_and_windows_line_ends(field):
    images = field("list.txt", "\ufeff# bands\r\na.fits  # first\r\n\r\n  b.fits\r\n")
    assert [image.path for image in images] == [str(field.folder / name) for name in ("a.fits", "b.fits")]


def test_added_images_come_last_and_may_not_repeat_the_others(field):
    added = {"inputs": {"image_list": "lists/list.txt", "added_images": ["lists/b.fits", {"path": "lists/c.fits"}]}}
    (field.folder / "list.txt").write_text("a.fits\n")
    images = read_images(load_config(added, field.folder.parent))
    assert [image.path for image in images] == [str(field.folder / name) for name in ("a.fits", "b.fits", "c.fits")]
    added["inputs"]["added_images"] = ["lists/a.fits", "lists/x.fits"]
    with pytest.raises(InputError) as caught:
        read_images(load_config(added, field.folder.parent))
    first, second = sorted(caught.value.problems)
    assert first.startswith("inputs.added_images[0]")
    assert "listed already" in first
    assert second.startswith("inputs.added_images[1], path: no file")


def test_a_hash_within_a_name_is_no_comment(field):
    (field.folder / "x#1.fits").touch()
    (image,) = field("list.txt", "x#1.fits\n")
    assert image.path.endswith("x#1.fits")


def test_table_with_columns_in_any_order_and_empty_cells(field):
    images = field("list.csv", "band, path ,hdu,weight\n# comment\ng,a.fits,1,c.fits\nr,b.fits,,\n,d.fits,SCI,\n")
    assert [(image.band, image.hdu) for image in images] == [("g", 1), ("r", None), (None, "SCI")]
    assert images[0].weight == str(field.folder / "c.fits")
    assert images[1].weight is None


def test_missing_files_of_all_kinds_are_told_together(field):
    text = "path,weight,psf\na.fits,w.fits,\n\nnone.fits,,p.fits\n"
    found = problems(field, "list.csv", text)
    assert found == [
        f"list.csv line 2, weight: no file {field.folder}/w.fits",
        f"list.csv line 4, path: no file {field.folder}/none.fits",
        f"list.csv line 4, psf: no file {field.folder}/p.fits",
    ]


def test_missing_catalogue_list_and_reference_stars(tmp_path):
    inputs = {"image_list": "l.txt", "catalog": "c.csv", "gaia": "g.csv"}
    with pytest.raises(InputError) as caught:
        read_images(load_config({"inputs": inputs}, tmp_path))
    assert caught.value.problems == [
        f"inputs.{key}: no file {tmp_path}/{name}"
        for key, name in (("image_list", "l.txt"), ("catalog", "c.csv"), ("gaia", "g.csv"))
    ]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("l.txt", "# nothing\n\n", "lists no image"),
        ("l.csv", "", "lists no image"),
        ("l.csv", "path,bnad\na.fits,g\n", "unknown column 'bnad'; did you mean band?"),
        ("l.csv", "path,xyzzy\na.fits,g\n", "unknown column 'xyzzy'; known are path, hdu"),
        ("l.csv", "file,band\na.fits,g\n", "no column path; found file, band"),
        ("l.csv", "path,path\na.fits,g\n", "two columns 'path'"),
        ("l.csv", "path,band\na.fits\n", "line 2: 1 cells; expected 2"),
        ("l.csv", "path,band\na.fits,g r\n", 'line 2, band: found "g r"; expected text'),
        ("l.csv", "path,band\n,g\n", "line 2, path: missing; expected a file path"),
        ("l.txt", "a.fits\nb.fits\n./a.fits\n", "line 3: {folder}/a.fits is listed already (l.txt line 1)"),
        ("l.csv", "path,band\na.fits,g\nb.fits,g\n", "l.csv line 3: band g is listed already (l.csv line 2)"),
    ],
)
def test_faults_of_a_list(field, name, text, message):
    assert any(message.format(folder=field.folder) in found for found in problems(field, name, text))


def test_two_extensions_of_one_file_are_two_images(field):
    assert len(field("l.csv", "path,hdu\na.fits,1\na.fits,2\n")) == 2


def test_supplied_psfs_must_be_there_for_every_image(field):
    text = "path,psf\na.fits,c.fits\nb.fits,\n"
    assert problems(field, "l.csv", text, psf={"method": "supplied"}) == [
        "l.csv line 3: no psf; psf.method: supplied needs a PSF image for every band"
    ]


def test_images_in_the_config_itself(tmp_path):
    (tmp_path / "a.fits").touch()
    config = load_config({"inputs": {"images": ["a.fits", {"path": "b.fits", "mask": "a.fits"}]}}, tmp_path)
    with pytest.raises(InputError, match=r"inputs.images\[1\], path: no file"):
        read_images(config)
    (tmp_path / "b.fits").touch()
    assert read_images(config) == list(config.inputs.images)


def test_a_fits_file_given_as_list_is_told_from_text(field):
    (field.folder / "l.txt").write_bytes(b"\xff\xfe\x00")
    config = load_config({"inputs": {"image_list": "l.txt"}}, field.folder)
    with pytest.raises(InputError, match="not a text file"):
        read_images(config)
