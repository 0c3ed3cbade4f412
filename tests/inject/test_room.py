"""Fields without room for added sources: said before anything is fitted; single copies may hold none by chance."""

import logging

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from swath.config.inject import Inject
from swath.config.sources import Detection
from swath.errors import InputError
from swath.frames.load import write_frame
from swath.images import write_fits
from swath.inject.add import add_sources
from swath.inject.field import write_sources
from swath.inject.summary import summarise
from swath.psf import store
from swath.tables import read_table

SIDE = 300
WCS_CARDS = [
    ("CTYPE1", "RA---TAN"), ("CTYPE2", "DEC--TAN"), ("CRVAL1", 10.0), ("CRVAL2", 5.0), ("CRPIX1", 150.0),
    ("CRPIX2", 150.0), ("CD1_1", -5e-5), ("CD1_2", 0.0), ("CD2_1", 0.0), ("CD2_2", 5e-5),
]  # fmt: skip


@pytest.fixture
def draw(tmp_path):
    """Draw the sources of one copy of a field with one galaxy in its middle; truth and catalogue."""
    cards = [("NOISE", "sky"), ("GAIN", 2.0), ("BAND", "r"), ("SKYSIG", 4.0), ("ZPREF", 25.0), *WCS_CARDS]
    empty = np.zeros((SIDE, SIDE))
    write_frame(tmp_path / "r.fits", empty.astype("f4"), 4.0, empty.astype("u1"), fits.Header(cards))
    axis = np.arange(41) - 20
    psf = np.exp(-0.5 * (axis**2 + axis[:, None] ** 2) / 1.6**2)
    made = {"method": "stack", "fallback": False, "reason": "", "pooled": False, "n_stars": 9, "n_held": 1}
    model = store.BandPsf("r", (psf / psf.sum())[None], 150.0, 150.0, 100.0, **made, norm_radius=10.0)
    store.write(tmp_path / "c.fits", [model], np.zeros(0, store.STARS))
    galaxy = {"ID": "a", "x_pix": 150.0, "y_pix": 150.0, "sw_model": "exp", "sw_re": 2.0, "sw_ell": 0.2, "sw_phi": 9.0}
    pd.DataFrame([galaxy | {"FLUX_r": 50.0}]).to_parquet(tmp_path / "sources.parquet")

    def _draw(number: int = 1, **settings: float) -> tuple[pd.DataFrame, pd.DataFrame]:
        paths = [tmp_path / name for name in ("truth.csv", "catalog.csv")]
        frames, epsfs, boxes = {"r": tmp_path / "r.fits"}, {"c": tmp_path / "c.fits"}, {"c": (0, SIDE, 0, SIDE)}
        write_sources(tmp_path / "sources.parquet", frames, epsfs, boxes, Inject(**settings), number, *paths)
        return tuple(read_table(path, allow_empty=True) for path in paths)

    return _draw


@pytest.mark.parametrize("settings", [{"keep_apart_pix": 1000.0}, {"spacing_pix": 1e6}])
def test_no_room_is_said_with_the_keys_that_make_it(draw, settings):
    with pytest.raises(InputError, match="in one copy of the field, expected 1 or more") as caught:
        draw(**settings)
    for key in ("inject.spacing_pix: ", "inject.keep_apart_pix: ", "found room for "):
        assert key in str(caught.value)


def test_a_copy_without_a_source_by_chance_is_the_users_field_alone(draw, caplog):
    """Room for one source in an L-shaped rest: of 12 copies some have none, and all go on."""
    counts = []
    with caplog.at_level(logging.WARNING):
        for number in range(1, 13):
            truth, catalog = draw(number, keep_apart_pix=150.0, spacing_pix=130.0, jitter_pix=20.0)
            counts.append(len(truth))
            assert len(catalog) == len(truth) + 1
            if truth.empty:
                image = np.zeros((20, 20), "f4")
                light = add_sources(image, truth, truth["FLUX_r"].to_numpy(float), lambda x, y: None, 1.0, 1, "r")
                assert not light.any()
    assert 0 < counts.count(0) < 12
    assert caplog.text.count("holds no added source") == counts.count(0)


@pytest.fixture
def summed(tmp_path):
    """Summarise copies of which those named hold 30 stars; the others none."""
    rng = np.random.default_rng(3)

    def copy(number: int, count: int) -> tuple[str, str, str]:
        paths = [str(tmp_path / f"{name}{number}") for name in ("truth", "catalog", "white.fits")]
        names = ["ID", "TYPE", "x", "y", "Re", "ELL", "phi", "MAG_r", "nearest_pix", "FLUX_r"]
        rows = [
            [f"INJ{number:02d}_{i}_0", "STAR", *rng.uniform(5, 95, 2), np.nan, np.nan, np.nan, 20.0, 9.0, 100.0]
            for i in range(count)
        ]
        truth = pd.DataFrame(rows, columns=names)
        truth.to_csv(paths[0], index=False)
        fit = {
            "FLUX_r_fit": 100.0 + rng.normal(size=count),
            "FLUXERR_r_fit": 1.0,
            "NOISE_FACTOR_r": 1.0,
            "fit_flags": 0,
        }
        own = pd.DataFrame(
            {"ID": ["a"], "FLUX_r_fit": 1.0, "FLUXERR_r_fit": 1.0, "NOISE_FACTOR_r": 1.0, "fit_flags": 0}
        )
        pd.concat([own, pd.DataFrame({"ID": truth["ID"], **fit})]).to_csv(paths[1], index=False)
        noise = rng.normal(size=(100, 100)).astype("f4")
        noise[50:53, 50:53] += 30  # a detection
        planes = [fits.ImageHDU(noise, name="WHITE"), fits.ImageHDU(np.ones_like(noise), name="NOISE")]
        write_fits(paths[2], [fits.PrimaryHDU(), *planes])
        return tuple(paths)

    def _summed(*counts: int) -> pd.DataFrame:
        copies = zip(*[copy(number, count) for number, count in enumerate(counts, 1)], strict=True)
        (tmp_path / "r.json").write_text('{"factor": null, "reason": "no sky"}')
        out = [tmp_path / name for name in ("sources.csv", "summary.csv", "verdict.json")]
        noise, box = {"r": tmp_path / "r.json"}, (0, 100, 0, 100)
        summarise(*map(list, copies), noise, box, Inject(), Detection(), (), *out)
        return pd.read_csv(out[0])

    return _summed


def test_one_empty_copy_is_left_out(summed):
    table = summed(30, 0, 30)
    assert list(table["realisation"].value_counts().sort_index().items()) == [(1, 30), (3, 30)]
    assert table["usable"].all()


def test_only_empty_copies_are_an_error(summed):
    with pytest.raises(InputError, match="no source was added to any of 2 copies"):
        summed(0, 0)
