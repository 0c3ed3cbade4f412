"""A small tile of records: what is found, how it is named, and what would put it right."""

import json
import shlex
from pathlib import Path

import pytest
from fake_records import ASKED, FIGURE, FOLDER, PRODUCTS, make, make_all
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from swath.errors import RunError
from swath.provenance.audit import audit
from swath.provenance.findings import Finding, command, listing, verdict
from swath.provenance.history import Asked
from swath.provenance.manifest import read_manifest, write_manifest
from swath.provenance.seal import Damaged
from swath.provenance.verify import verify

OPTIONS = ["-s", "my clone/Snakefile", "--cores", "2"]


@pytest.fixture
def tile(tmp_path, monkeypatch):
    """A finished tile; the working directory is the run's."""
    monkeypatch.chdir(tmp_path)
    make_all()
    return tmp_path / FOLDER


def found(asked: Asked | None = ASKED) -> list[tuple[str, str, str]]:
    return [
        (finding.kind, finding.path.removeprefix(f"{FOLDER}/"), finding.rule)
        for finding in verify(FOLDER, asked).findings
    ]


def test_a_clean_tile(tile):
    report = verify(FOLDER, ASKED, threads=4)
    assert report.fine
    assert report.notes == []
    size = sum(path.stat().st_size for path in tile.rglob("*") if path.is_file())
    assert verdict(report) == f"OK: 5 products, {size} bytes verified in {FOLDER}"


def test_the_manifest_holds_what_the_records_hold(tile):
    entries = list(read_manifest(f"{FOLDER}/manifest.json"))
    assert [entry.rule for entry in entries] == ["fig_white", "load", "load", "white"]
    assert entries[3].inputs == entries[1].outputs + entries[2].outputs
    content = json.loads((tile / "manifest.json").read_text())
    assert [*content["params"].values()] == [{"zp": 25.0}]
    assert {job["params"] for job in content["jobs"]} == {*content["params"]}
    before = (tile / "manifest.json").read_bytes()
    make_all()
    assert (tile / "manifest.json").read_bytes() == before


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(st.data())
def test_any_byte_of_any_file(tile, data):
    paths = sorted(path for path in tile.rglob("*") if path.is_file())
    path = data.draw(st.sampled_from(paths))
    before = path.read_bytes()
    content = bytearray(before)
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    try:
        report = verify(FOLDER, ASKED)
    finally:
        path.write_bytes(before)
    name = path.relative_to(tile).as_posix()
    rules = {"manifest.json": "manifest", FIGURE: "fig_white", **{p: r.split("/")[0] for r, p in PRODUCTS.items()}}
    rule = rules.get(name) or path.parent.name
    assert [(f.kind, f.path, f.rule) for f in report.findings] == [("CHANGED", f"{FOLDER}/{name}", rule)]
    assert report.findings[0].forced == (f"{FOLDER}/{name}",)
    assert report.notes == []


def test_a_longer_and_a_shorter_file(tile):
    (tile / "frames/g.fits").write_text("frame g and more")
    (tile / "frames/r.fits").write_text("")
    report = verify(FOLDER, ASKED)
    assert [finding.kind for finding in report.findings] == ["CHANGED", "CHANGED"]
    assert "expected 7 bytes" in report.findings[0].sentence
    assert "found 16 bytes" in report.findings[0].sentence


def test_missing_files(tile):
    for name in ("frames/g.fits", "records/load/r.json", FIGURE):
        (tile / name).unlink()
    assert set(found()) == {
        ("MISSING", "frames/g.fits", "load"),
        ("MISSING", "records/load/r.json", "load"),
        ("MISSING", FIGURE, "fig_white"),
    }


def test_a_missing_record_is_found_without_a_manifest(tile):
    (tile / "manifest.json").unlink()
    (tile / "records/load/r.json").unlink()
    assert found() == [("NO RECORD", "frames/r.fits", "")]


def test_a_product_without_record_and_manifest_is_never_fine(tile):
    """Nobody read the figure: that the config asks for it is how it is known to be a product."""
    (tile / "manifest.json").unlink()
    (tile / "records/fig_white/white.json").unlink()
    assert found() == [("NO RECORD", FIGURE, "")]


def test_a_record_in_the_place_of_another(tile):
    (tile / "records/load/r.json").write_bytes((tile / "records/load/g.json").read_bytes())
    assert ("NO RECORD", "frames/r.fits", "") in found()


def test_folders_and_dead_links_where_files_should_be(tile):
    for name in ("frames/g.fits", "records/load/r.json", "manifest.json"):
        (tile / name).unlink()
    (tile / "frames/g.fits").mkdir()
    (tile / "records/load/r.json").symlink_to("nowhere")
    (tile / "manifest.json").symlink_to("manifest.json")
    assert found() == [("MISSING", "frames/g.fits", "load"), ("NO RECORD", "frames/r.fits", "")]


def test_a_replaced_input_is_the_users(tile, tmp_path):
    (tmp_path / "g.fits").write_text("another image")
    (tmp_path / "r.fits").unlink()
    report = verify(FOLDER, ASKED)
    assert {(finding.kind, Path(finding.path).name, finding.forced) for finding in report.findings} == {
        ("REPLACED", "g.fits", (f"{FOLDER}/frames/g.fits",)),
        ("MISSING", "r.fits", ()),
    }
    assert "an input was replaced since load read it: 7 bytes" in listing(report.findings)
    assert "put it back" in listing(report.findings)


def test_products_made_from_another_version_of_their_input(tile):
    make("load/g", "frames/g.fits", [], "frame g made anew", band="g")
    report = verify(FOLDER, ASKED)
    assert found() == [("STALE", "white/white.fits", "white")]
    assert "made from another results/t/frames/g.fits: 7 bytes" in report.findings[0].sentence
    assert any("manifest.json is older than 1 records" in note for note in report.notes)
    make("white/white", "white/white.fits", [f"{FOLDER}/frames/{band}.fits" for band in "gr"], "white")
    assert found() == []


def test_an_unfinished_run_is_no_error(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make("load/g", "frames/g.fits", [], "frame g", band="g")
    report = verify(FOLDER, ASKED)
    assert (report.findings, report.notes, report.products) == ([], [], 1)


def test_nothing_recorded_is_not_verified(tmp_path, monkeypatch, capsys):
    """The wrong folder, or one whose records and manifest are gone, must not pass."""
    monkeypatch.chdir(tmp_path)
    Path(FOLDER).mkdir(parents=True)
    Path(FOLDER, "catalog.csv").write_text("ID")
    with pytest.raises(RunError, match=f"nothing to verify: no record of a run in {FOLDER}, results/other"):
        audit({FOLDER: None, "results/other": None}, OPTIONS, 1)
    make_all()
    capsys.readouterr()
    audit({"results/other": None, FOLDER: None}, OPTIONS, 1)
    assert [line for line in capsys.readouterr().out.splitlines() if line.startswith("OK")] == [
        verdict(verify(FOLDER, None))
    ]


def test_many_files_without_a_record_are_forced_by_name():
    findings = [Finding("NO RECORD", f"f{i}", "", "", (f"f{i}",)) for i in range(40)]
    findings += [Finding("CHANGED", f"g{i}", "load", "", (f"g{i}",)) for i in range(40)]
    assert shlex.split(command([], findings))[2:-1] == ["load", *(f"f{i}" for i in range(40))]


def test_no_run_is_no_error(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert verdict(verify(FOLDER)) == f"OK: 0 products, 0 bytes verified in {FOLDER}"


def test_what_the_config_asks_for_no_more_is_left_over(tile):
    fewer = ASKED._replace(bands=frozenset("g"), products=frozenset())
    report = verify(FOLDER, fewer)
    assert report.fine
    assert any("2 products of 2 jobs are left over" in note for note in report.notes)
    (tile / "frames/r.fits").unlink()
    (tile / "records/load/r.json").unlink()
    (tile / FIGURE).write_text("else")
    report = verify(FOLDER, fewer)
    # The white stack still says that it was made from r; only a run can put that right.
    (figure,) = report.findings
    assert (figure.path, figure.forced) == (f"{FOLDER}/{FIGURE}", ())
    assert figure.removed == (f"{FOLDER}/{FIGURE}", f"{FOLDER}/records/fig_white/white.json")
    write_manifest(f"{FOLDER}/manifest.json", fewer)
    assert [entry.rule for entry in read_manifest(f"{FOLDER}/manifest.json")] == ["load", "white"]


def test_what_was_made_for_added_bands_is_left_over_without_any(tile):
    """No wildcard of theirs says so: they are jobs of cells and patches that are still there."""
    make("epsf_added/c", "epsf_added/c.fits", [f"{FOLDER}/white/white.fits"], "added", cell="c")
    asked = ASKED._replace(cells=frozenset("c"))
    make("white/white", "white/white.fits", [f"{FOLDER}/frames/{band}.fits" for band in "gr"], "white, made anew")
    make("fig_white/white", FIGURE, [f"{FOLDER}/white/white.fits"], "figure, made anew")
    assert found(asked) == []
    write_manifest(f"{FOLDER}/manifest.json", asked)
    assert "epsf_added" not in [entry.rule for entry in read_manifest(f"{FOLDER}/manifest.json")]
    adding = asked._replace(added=frozenset("r"))
    assert found(adding) == [("STALE", "epsf_added/c.fits", "epsf_added")]
    write_manifest(f"{FOLDER}/manifest.json", adding)
    assert "epsf_added" in [entry.rule for entry in read_manifest(f"{FOLDER}/manifest.json")]


def test_temporary_and_unknown_files(tile):
    (tile / "frames/.123.g.fits").write_text("half")
    (tile / "notes.txt").write_text("mine")
    (tile / "logs").mkdir()
    (tile / "logs/load.log").write_text("aside")
    report = verify(FOLDER, ASKED)
    assert [(finding.kind, finding.removed) for finding in report.findings] == [
        ("LEFTOVER", (f"{FOLDER}/frames/.123.g.fits",))
    ]
    assert report.notes == [f"files that no record knows, and that were not verified: {FOLDER}/notes.txt"]


def test_a_product_with_two_records_may_be_as_either_says(tile):
    """A rule that got another name leaves its old record behind."""
    make("draw_white/white", FIGURE, [], "figure, drawn anew")
    assert found() == []


def test_the_manifest_refuses_damaged_records(tile):
    record = tile / "records/load/g.json"
    record.write_text(record.read_text().replace("25.0", "25.1"))
    before = (tile / "manifest.json").read_bytes()
    with pytest.raises(Damaged, match=r"load/g\.json"):
        write_manifest(f"{FOLDER}/manifest.json", ASKED)
    assert (tile / "manifest.json").read_bytes() == before
    assert found() == [("CHANGED", "records/load/g.json", "load")]


def test_commands_are_for_a_shell(tile, tmp_path):
    (tile / "frames/g.fits").write_text("x")
    (tile / "frames/.1.a b.fits").write_text("x")
    report = verify(FOLDER, ASKED)
    line = command(OPTIONS, report.findings)
    first, second = line.split(" && ")
    assert shlex.split(first) == ["rm", "--", str(tmp_path / FOLDER / "frames/.1.a b.fits")]
    assert shlex.split(second) == ["snakemake", *OPTIONS, "--forcerun", f"{FOLDER}/frames/g.fits", "--"]
    assert "'my clone/Snakefile'" in line
    many = [report.findings[0]._replace(forced=(f"{n}.fits",)) for n in range(31)]
    assert shlex.split(command([], many)) == ["snakemake", "--forcerun", "load", "--"]


def test_the_audit_prints_and_raises(tile, capsys):
    names = {name: sorted(getattr(ASKED, name)) for name in ASKED._fields}
    audit({FOLDER: names}, OPTIONS, 2)
    assert capsys.readouterr().out.startswith("OK: 5 products, ")
    (tile / "frames/g.fits").write_text("x")
    with pytest.raises(RunError) as raised:
        audit({FOLDER: names, "results/other": None}, OPTIONS, 2)
    head, finding, sentence, count, last = str(raised.value).splitlines()
    assert head == "not as recorded:"
    assert count == "results/t: 1 file is not as recorded (5 products compared)"
    assert finding == "  CHANGED   results/t/frames/g.fits (rule load)"
    assert "found 1 bytes" in sentence
    assert last == f"This puts it right: {shlex.join(['snakemake', *OPTIONS])} --forcerun results/t/frames/g.fits --"
    assert not capsys.readouterr().out


def test_many_findings_are_counted_and_all_in_the_log(tile, caplog):
    for number in range(14):
        (tile / f"frames/.{number}.g.fits").write_text("half")
    with pytest.raises(RunError) as raised:
        audit({FOLDER: None}, OPTIONS, 2, "logs/verify.log")
    lines = str(raised.value).splitlines()
    assert sum(line.startswith("  LEFTOVER ") for line in lines) == 10
    assert lines[-3] == "  and 4 more, all of them in logs/verify.log"
    assert lines[-1].count(".g.fits") == 14
    assert caplog.text.count("  LEFTOVER ") == 14
