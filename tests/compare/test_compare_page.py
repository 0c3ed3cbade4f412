"""What the page of compared engines says of patches of which everything is known."""

import numpy as np
import pytest
from astropy.io import fits
from swath.compare import counts
from swath.compare.gather import gather
from swath.files import write_json
from swath.plots.engines import draw_engines

BANDS = ["g", "r"]
DTYPE = [
    ("ID", "U4"), ("model", "U8"), ("flux_err", "f8", (2,)),
    *[
        (f"{name}_{engine}", kind, *shape)
        for engine in ("native", "tractor")
        for name, kind, *shape in (("flux", "f8", (2,)), ("x", "f8"), ("y", "f8"), ("reason", "U16"))
    ],
]  # fmt: skip


def rows(*sources):
    """Sources with fluxes of 100 and 200 and errors of 1 and 2, the Tractor `errors` of them off; 0.05 pix apart."""
    table = np.zeros(len(sources), DTYPE)
    for row, (name, model, errors, reason) in zip(table, sources, strict=True):
        row["ID"], row["model"], row["reason_native"], row["reason_tractor"] = name, model, "converged", reason
        row["flux_native"], row["flux_err"] = (100, 200), (1, 2)
        row["flux_tractor"] = row["flux_native"] + errors * row["flux_err"]
        row["x_tractor"], row["y_tractor"] = 0.03, 0.04
    return table


def save(folder, patch, table, native, tractor, chi2):
    header = fits.Header([("PATCH", patch), ("NPIX", 1000), ("BAND1", "g"), ("BAND2", "r")])
    header["CHI2_N"], header["CHI2_T"], header["CHI2_OWN"] = chi2
    path, cost = folder / f"{patch}.fits", folder / f"{patch}.json"
    fits.HDUList([fits.PrimaryHDU(header=header), fits.BinTableHDU(table, name="SOURCES")]).writeto(path)
    write_json(cost, {"native": native, "tractor": tractor, "sources": len(table) + 1})
    return path, cost


@pytest.fixture
def found(tmp_path):
    """Two patches, and an empty one."""
    saved = [
        save(
            tmp_path, "a", rows(("s1", "star", 1, "converged"), ("s2", "exp", -3, "stalled")), 0.1, 5, (990, 1000, 1005)
        ),
        save(tmp_path, "b", rows(("s3", "star", 1, "converged")), 0.3, 15, (1010, 1020, 1025)),
        save(tmp_path, "c", rows(), 0.0, 0.0, (None, None, None)),
    ]
    return gather(*zip(*saved, strict=True), zp_ref=25.0)


def test_rows_are_sources_times_bands(found):
    assert len(found.fluxes) == 6
    assert found.fluxes["mag"].tolist()[0] == pytest.approx(20.0)
    assert found.fluxes["difference"].tolist() == [1, -3, 1, -3, 1, 1]


def test_times_and_chi2_are_sums_over_patches(found):
    native, tractor = counts.engine_table(found).rows
    assert native[1:4] == ["0.40", "66.7", "1.0"]  # 0.4 s for the 6 sources that were fitted
    assert tractor[3] == "50.0"
    assert tractor[4] == "66.7 %"
    assert (native[5], tractor[5], tractor[7]) == ("2000.0", "2020.0", "2030.0")


def test_differences_by_band_and_type(found):
    by_band = {row[0]: row[1:] for row in counts.flux_table(found).rows}
    assert by_band["g"][:2] == [3, "1.000"]
    assert by_band["g"][3] == "3.00"
    by_type = {row[0]: row for row in counts.model_table(found).rows}
    assert by_type["exp"][5] == "0.9700"


def test_positions_and_reasons_count_a_source_once(found):
    assert {row[0]: row[1:3] for row in counts.position_table(found).rows} == {
        "exp": [1, "0.0500"],
        "star": [2, "0.0500"],
    }
    assert counts.reason_table(found).rows == [["converged", 3, 2], ["stalled", 0, 1]]


def test_a_patch_without_sources_has_a_row_too(found):
    assert [row[0] for row in counts.patch_table(found).rows] == ["a", "b", "c"]
    assert counts.patch_table(found).rows[2][4:] == ["–"] * 4


def test_the_figure_stands_any_band(found, tmp_path):
    draw_engines(found.fluxes, [*BANDS, "none"], tmp_path / "one.png", 60)
    draw_engines(found.fluxes, [*BANDS, "none"], tmp_path / "two.png", 60)
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()
