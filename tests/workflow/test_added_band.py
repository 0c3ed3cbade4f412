"""A band that is added to a finished run: one command, nothing of what was there before is touched."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from runs import ROOT, TILE, Run

pytestmark = [pytest.mark.slow, pytest.mark.workflow]
QUIET = {"figures": {"enabled": False}}
FIRST, LAST = ("u", "g", "r", "i"), "z"
NEW = {"load", "stars", "hub_added", "epsf_added", "payload_added", "fit_added"}
GATHERING = {"noise", "merge", "zeropoint", "stamps", "explore", "facts", "manifest", "all"}


def image(band: str) -> str:
    return str(ROOT / f"config/tiny480/S82_{band}.fits.gz")


def config(fit: dict, *added: str) -> dict:
    inputs = {"image_list": None, "images": [image(band) for band in FIRST], "added_images": list(added)}
    return QUIET | {"inputs": inputs, "fit": fit, "patches": {"ngrid": 1}}


def kept(run: Run) -> dict[Path, tuple[int, bytes]]:
    """Time of change and content of what must not be touched."""
    folders = ("frames", "white", "sources", "stars", "epsf", "patches", "payload", "fit")
    files = (path for name in folders for path in run.path(name).rglob("*") if path.is_file())
    return {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in files}


def read(run: Run) -> pd.DataFrame:
    return pd.read_parquet(run.path("catalog.parquet"))


@pytest.mark.parametrize("fit", [{}, {"multi_band": False}], ids=["joint", "band by band"])
def test_a_band_is_added_by_one_command(tmp_path, fit, request):
    run = Run(tmp_path, config(fit))
    run.snakemake()
    before, alone = kept(run), read(run)
    run.write(config(fit, image(LAST)))
    planned = run.planned()
    assert NEW <= set(planned) <= NEW | GATHERING
    assert planned["load"] == planned["stars"] == 1
    run.snakemake()
    after = kept(run)
    assert {path: after[path] for path in before} == before
    assert run.planned() == {}
    assert "OK" in run.snakemake("verify").stdout
    table = read(run)
    pd.testing.assert_frame_equal(table[_fit_columns(alone)], alone[_fit_columns(alone)])
    assert table[f"MAG_{LAST}_fit"].notna().sum() > 40
    assert (run.path("explore/stamps") / "r00_c00_pr00_pc00.png").is_file()
    if not fit:
        _agrees_with_the_joint_run(table, read(request.getfixturevalue("default_run")))
        _is_left_over_when_the_band_goes(run)
    else:
        held = table[f"Re_{LAST}_fit"]
        assert held.notna().sum() > 10
        assert table[f"Re_{LAST}_err"].isna().all()
        choices = table[[f"Re_{band}_fit" for band in FIRST]].to_numpy()
        assert np.isclose(choices, held.to_numpy()[:, None], rtol=1e-9).any(axis=1)[held.notna()].all()


def _is_left_over_when_the_band_goes(run: Run) -> None:
    """What was made for the added band is no part of the run any more: not verified, and not to be had."""
    run.write(config({}))
    done = run.snakemake("-n", f"{TILE}/payload_added/r00_c00_pr00_pc00.fits", check=False)
    assert done.returncode != 0
    assert "for added bands alone, and the config adds none" in done.stdout
    told = run.snakemake("verify").stdout
    assert "records/epsf_added/r00_c00.json" in told
    assert "OK" in told


def _fit_columns(table: pd.DataFrame) -> list[str]:
    """What the fit of the first bands found."""
    bands = [f"{kind}_{band}_fit" for band in FIRST for kind in ("FLUX", "FLUXERR")]
    return [*bands, *(name for name in table if name.endswith(("_err", "RA_fit", "DEC_fit", "Re_fit")))]


def _agrees_with_the_joint_run(table: pd.DataFrame, joint: pd.DataFrame) -> None:
    """The added band's fluxes are those of a fit of all bands, but for what that band adds to positions and shapes."""
    flux, error = (joint[f"{kind}_{LAST}_fit"] for kind in ("FLUX", "FLUXERR"))
    shift = (table[f"FLUX_{LAST}_fit"] - flux) / error
    assert shift.abs().median() < 0.1
    assert (shift.abs() < 1).mean() > 0.95
    # Shapes that are held take their part out of the error.
    ratio = table[f"FLUXERR_{LAST}_fit"] / error
    assert ratio.median() == pytest.approx(1, abs=0.05)
    assert (ratio < 1.05).mean() > 0.95


def test_a_band_that_is_there_already_cannot_be_added(tmp_path):
    run = Run(tmp_path, config({}, image("r")))
    done = run.snakemake("-n", check=False)
    assert done.returncode != 0
    assert "inputs.added_images[0]" in done.stdout
