"""The chain of jobs behind a file, in words."""

from pathlib import Path

import pytest
from fake_records import FOLDER, make, make_all
from swath.errors import InputError
from swath.provenance.tell import tell
from swath.provenance.trace import chain, read_graph


@pytest.fixture
def tile(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make_all()
    return tmp_path / FOLDER


def test_the_chain_reaches_the_users_files_and_names_each_job_once(tile, tmp_path):
    lines = chain(read_graph([FOLDER]), f"{FOLDER}/figures/white.png")
    text = "\n".join(lines)
    for job in ("by fig_white:", "by white:", "by load g:", "by load r:"):
        assert text.count(job) == 1
    depth = {line.strip().split(" ")[0]: len(line) - len(line.lstrip()) for line in lines}
    assert depth[f"{FOLDER}/figures/white.png"] < depth[f"{FOLDER}/white/white.fits"] < depth[f"{FOLDER}/frames/g.fits"]
    own = lines[lines.index("your files that went into it:") + 1 :][:2]
    assert [line.split()[0] for line in own] == [f"{tmp_path}/g.fits", f"{tmp_path}/r.fits"]
    assert "python 3." in lines[-1]


def test_a_second_way_to_a_job_points_above(tile):
    make("hub/hub", "hub.json", [f"{FOLDER}/records/load/g.json", f"{FOLDER}/frames/g.fits"], "{}")
    lines = chain(read_graph([FOLDER]), f"{FOLDER}/hub.json")
    assert sum("by load g" in line for line in lines) == 2
    assert any(line.endswith("(by load g, above)") for line in lines)


def test_another_version_of_an_input_is_said(tile):
    make("load/g", "frames/g.fits", [], "frame g made anew", band="g")
    lines = chain(read_graph([FOLDER]), f"{FOLDER}/white/white.fits")
    assert [line.split()[0] for line in lines if "another version" in line] == [f"{FOLDER}/frames/g.fits"]


def test_many_patches_are_counted_and_one_in_focus_is_followed(tile):
    tags = [f"r00_c00_pr00_pc{n:02d}" for n in range(9)]
    for tag in tags:
        make(f"fit/{tag}", f"fit/{tag}.fits", [], tag, patch=tag)
    make("merge/merge", "merge/catalog.csv", [f"{FOLDER}/fit/{tag}.fits" for tag in tags], "rows")
    graph = read_graph([FOLDER])
    every = "\n".join(chain(graph, f"{FOLDER}/merge/catalog.csv"))
    assert every.count("by fit ") == 3
    assert "and 6 more files made by fit" in every
    one = "\n".join(chain(graph, f"{FOLDER}/merge/catalog.csv", {"patch": tags[7]}))
    assert f"by fit {tags[7]}:" in one
    assert one.count("by fit ") == 1
    assert "and 8 more files made by fit" in one


@pytest.mark.parametrize(
    "spelling", ["frames/g.fits", f"{FOLDER}/frames/g.fits", f"./{FOLDER}/frames/g.fits", "absolute"]
)
def test_spellings_of_a_path(tile, spelling):
    path = str(tile / "frames/g.fits") if spelling == "absolute" else spelling
    assert tell([FOLDER], file=path).startswith(f"{FOLDER}/frames/g.fits  7 bytes")


def test_a_users_file_tells_who_read_it_and_what_it_is_now(tile, tmp_path):
    (tmp_path / "g.fits").write_text("other")
    text = tell([FOLDER], file=str(tmp_path / "g.fits"))
    assert "a file of yours, read by\n  load g: 7 bytes" in text
    assert "now: 5 bytes" in text
    (tmp_path / "g.fits").unlink()
    assert tell([FOLDER], file="g.fits").endswith("now: no such file")


def test_a_damaged_product_says_what_it_is_now(tile):
    Path(FOLDER, "frames/g.fits").write_text("x")
    assert tell([FOLDER], file="frames/g.fits").splitlines()[-1].startswith("now: 1 bytes")


def test_unknown_files_and_sources_and_no_question(tile):
    with pytest.raises(InputError, match=r"frames/h\.fits: no record knows this file; did you mean results/t/frames"):
        tell([FOLDER], file="frames/h.fits")
    with pytest.raises(InputError, match="no source list yet"):
        tell([FOLDER], source="P1")
    with pytest.raises(InputError, match="which one"):
        tell([FOLDER])


def test_damaged_records_are_said_to_be_left_out(tile):
    record = tile / "records/white/white.json"
    record.write_text(record.read_text() + " ")
    assert "records/white/white.json is damaged" in tell([FOLDER], file="frames/g.fits")
