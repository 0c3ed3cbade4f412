"""Figures of a target: every setting acts, markers mean what the tables say, and no data are drawn as no data."""

import matplotlib
import numpy as np
import pytest
from matplotlib import colormaps
from matplotlib.colors import to_rgb
from pictures import drawn, has_colour, pixels, size
from spectra import fake_photometry
from swath.config.lightcurve import LightCurve, SpectrumFigure
from swath.plots.points import points, value_range
from swath.plots.spectrum import GREY, combined_plot
from swath.plots.spectrumsummary import COLOURS, summary_plot
from swath.spectra.lightcurve import write_lightcurve
from swath.spectra.read import read_lightcurve

NAMES = ("lightcurve.csv", "lightcurve.ecsv", "lightcurve.vot", "photometry.json", "spectrum.csv")
PLAIN = {"dpi": 60, "marker_alpha": 1.0}


def curve(folder, table, settings=None):
    folder.mkdir(exist_ok=True)
    photometry, targets = fake_photometry.write(folder, table)
    write_lightcurve(photometry, "star-0a1b2c3d", settings or LightCurve(), *(folder / name for name in NAMES), targets)
    return folder / "lightcurve.csv"


def combined(path, name="combined.png", **settings):
    figure = path.with_name(name)
    combined_plot(path, figure, SpectrumFigure(**(PLAIN | settings)))
    return figure


def summary(path, name="summary.png", **settings):
    figure = path.with_name(name)
    summary_plot(path, figure, LightCurve(figure=SpectrumFigure(dpi=60), **settings))
    return figure


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    """A target with measurements of every kind."""
    table = fake_photometry.photometry(120)
    table = fake_photometry.photometry(
        120, flux=table["flux"] * np.where(table.index < 21, (table.index - 10) / 100, 1)
    )
    table.loc[30:40, "flags"] |= 1 << 10
    table.loc[41:50, "flags"] |= 1 << 28
    table = fake_photometry.lost(table, [50, 51])
    return curve(tmp_path_factory.mktemp("mixed") / "a", table)


def of_colour(figure, colour, tolerance=0.12):
    """Rows and columns of the pixels of a colour, first row at the top."""
    return np.nonzero(np.abs(pixels(figure) - np.array(to_rgb(colour))).max(axis=-1) < tolerance)


OTHERS = {
    "use_magnitude": True,
    "show_errorbars": False,
    "wavelength_cmap": "turbo",
    "date_cmap": "plasma",
    "ylim_percentile_min": 30.0,
    "ylim_percentile_max": 60.0,
    "ylim_padding_fraction": 0.7,
    "marker_size_good": 9.0,
    "marker_size_rejected": 9.0,
    "marker_size_upper_limit": 9.0,
    "marker_alpha": 0.2,
    "errorbar_alpha": 1.0,
    "errorbar_linewidth": 3.0,
    "figsize": (7.0, 9.0),
    "dpi": 45,
}


def test_every_setting_of_the_figure_is_tried_here():
    assert set(OTHERS) == set(SpectrumFigure.model_fields)


@pytest.fixture(scope="module")
def standard(mixed):
    return combined(mixed).read_bytes()


@pytest.mark.parametrize("name", OTHERS)
def test_every_setting_acts(mixed, standard, name):
    assert combined(mixed, f"{name}.png", **{name: OTHERS[name]}).read_bytes() != standard


@pytest.mark.slow
def test_the_same_light_curve_is_the_same_bytes_from_every_format(mixed, standard):
    for ending in ("csv", "ecsv", "vot"):
        assert combined(mixed.with_suffix(f".{ending}"), f"{ending}.png").read_bytes() == standard
        assert summary(mixed.with_suffix(f".{ending}"), "s.png").read_bytes() == summary(mixed).read_bytes()


def test_sizes_are_inches_times_dpi(mixed):
    assert size(combined(mixed, "a.png", figsize=(7, 9), dpi=50)) == (350, 450)


def test_colours_are_those_of_the_maps(mixed):
    """The figure holds both ends of both maps: in the bars and in the points."""
    image = pixels(combined(mixed, "a.png", wavelength_cmap="spring", date_cmap="winter"))
    for name in ("spring", "winter"):
        for end in (0.0, 1.0):
            assert has_colour(image, colormaps[name](end)[:3], 0.05)
    other = pixels(combined(mixed, "b.png", wavelength_cmap="gray", date_cmap="gray"))
    assert not has_colour(other, colormaps["spring"](0.0)[:3], 0.05)


def only(tmp_path, **columns):
    """A light curve of one point and two good ones that span the axes, far from it in time and wavelength."""
    table = fake_photometry.photometry(
        3, flux=[100.0, 900.0, 500.0], flux_err=[1.0, 1.0, 1.0], mjd=[60000.0, 60100.0, 60050.0],
        wavelength=[1.0, 3.0, 2.0],
    )  # fmt: skip
    for name, value in columns.items():
        table[name] = table[name].astype(type(value))
        table.loc[2, name] = value
    return curve(tmp_path / "a", table)


SETTINGS = {"ylim_percentile_min": 0, "ylim_percentile_max": 100, "show_errorbars": False, "wavelength_cmap": "gray"}


def test_a_good_measurement_is_a_filled_circle_in_the_colour_of_its_time(tmp_path):
    figure = combined(only(tmp_path), date_cmap="brg", marker_size_good=20, dpi=100, **SETTINGS)
    rows, columns = of_colour(figure, colormaps["brg"](0.5), 0.02)  # red: the middle of the time span
    inside = columns < columns.max() - 60  # without the colour bar
    rows, columns = rows[inside], columns[inside]
    across = 20 / 72 * 100
    assert np.ptp(rows) == pytest.approx(across, abs=3)
    assert len(rows) == pytest.approx(np.pi / 4 * across**2, rel=0.12)


def test_an_upper_limit_points_down_at_the_limit(tmp_path):
    path = only(tmp_path, flux=-5.0, flux_err=166.6666)
    assert read_lightcurve(path)["upper_limit"].max() == pytest.approx(500, abs=1)
    figure = combined(path, date_cmap="brg", marker_size_upper_limit=30, dpi=100, **SETTINGS)
    rows, columns = of_colour(figure, colormaps["brg"](0.5), 0.02)
    inside = columns < columns.max() - 60
    rows, columns = rows[inside], columns[inside]
    high, low = rows < rows.min() + np.ptp(rows) / 4, rows > rows.max() - np.ptp(rows) / 4
    assert np.ptp(columns[high]) > 2 * np.ptp(columns[low])


def test_a_rejected_measurement_is_a_grey_cross(tmp_path):
    figure = combined(only(tmp_path, flags=1 << 10), marker_size_rejected=30, dpi=100, date_cmap="winter",
                      wavelength_cmap="winter", **{k: v for k, v in SETTINGS.items() if "cmap" not in k})  # fmt: skip
    rows, columns = of_colour(figure, GREY, 0.02)
    top = rows < pixels(figure).shape[0] / 2
    rows, columns = rows[top], columns[top]
    # a cross: both diagonals, so that its middle is filled and the middle of its top edge is not
    middle = np.abs(columns - columns.mean()) < 2
    assert middle.any()
    assert rows[middle].min() > rows.min() + np.ptp(rows) / 4


@pytest.mark.parametrize("use_magnitude", [False, True])
def test_brighter_is_higher_in_fluxes_and_in_magnitudes(tmp_path, use_magnitude):
    """The third point is the brightest, in the colour of the middle of the time span."""
    path = only(tmp_path, flux=5000.0)
    figure = combined(path, date_cmap="brg", marker_size_good=12, use_magnitude=use_magnitude, dpi=100, **SETTINGS)
    rows = {}
    for place, colour in ((0.0, "first"), (0.5, "bright")):
        found_rows, columns = of_colour(figure, colormaps["brg"](place), 0.02)
        rows[colour] = np.median(found_rows[columns < pixels(figure).shape[1] * 0.85])
    assert rows["bright"] < rows["first"]


def test_what_lies_beyond_the_axis_is_told_at_its_edge(tmp_path):
    table = fake_photometry.photometry(60, flux=100.0 + np.arange(60.0), flux_err=1.0)
    table.loc[10, ["flux", "wavelength"]] = [1e6, 2.0]
    path = curve(tmp_path / "a", table)
    kept = read_lightcurve(path)
    high = value_range(points(kept, False), SpectrumFigure())[1]
    assert high < 200
    assert at_upper_edge(combined(path))
    assert not at_upper_edge(combined(path, "whole.png", ylim_percentile_max=100))
    assert value_range(points(kept, False), SpectrumFigure(ylim_percentile_max=100))[1] > 1e6


def at_upper_edge(figure):
    """Is something just below the upper edge of the spectrum's panel?"""
    ink = pixels(figure).mean(axis=-1) < 0.9
    edge = np.flatnonzero(ink.sum(axis=1) > 0.7 * ink.shape[1])[0]
    left, right = np.flatnonzero(ink[edge])[[0, -1]]
    return ink[edge + 3 : edge + 10, left + 5 : int(0.8 * right)].any()


def test_exposures_without_a_value_are_ticks_at_the_lower_edge(tmp_path):
    """In the light curve: a tick more for every exposure that was lost."""
    table = fake_photometry.photometry(12, mjd=60800 + 10.0 * np.arange(12))
    lost = combined(curve(tmp_path / "a", fake_photometry.lost(table, [3, 5, 8])))
    none = combined(curve(tmp_path / "b", fake_photometry.lost(table, [])))
    ticks = []
    for figure in (lost, none):
        image = pixels(figure)
        ink = image.mean(axis=-1) < 0.9
        rows = np.flatnonzero(ink.sum(axis=1) > 0.7 * ink.shape[1])
        edge = rows[rows < 0.93 * len(ink)].max() if len(rows) else 0
        inner = ink[edge - 4, 60:480]
        ticks.append(int((np.diff(inner.astype(int)) == 1).sum()))
    assert ticks[0] == ticks[1] + 3


def test_axis_range_by_hand():
    """Values 0..100 in steps of 1: percentiles 10 and 90 are 10 and 90, a fourth of 80 is added at both ends."""
    table = fake_photometry.photometry(101, flux=np.arange(101.0), flux_err=1.0)
    settings = SpectrumFigure(ylim_percentile_min=10, ylim_percentile_max=90, ylim_padding_fraction=0.25)
    curve_like = table.assign(flux_error=1.0, upper_limit=np.nan, class_reason="")
    curve_like["class"] = "good"
    assert value_range(points(curve_like, False), settings) == pytest.approx((-10, 110))
    flagged = curve_like.copy()
    flagged.loc[101] = flagged.loc[100]
    flagged.loc[101, ["flux", "class", "class_reason"]] = [1e9, "rejected", "HOT"]
    assert value_range(points(flagged, False), settings) == pytest.approx((-10, 110))


def test_nothing_that_can_be_drawn_is_left_out(mixed):
    table = read_lightcurve(mixed)
    shown = points(table, False)
    assert len(shown.value) + shown.lost == len(table)
    assert len(shown.unmeasured) == shown.lost == 2
    limits = table[table["class"] == "upper_limit"]
    assert set(shown.value[shown.kind == "upper_limit"]) == set(limits["upper_limit"])


TABLES = {
    "empty": fake_photometry.empty(),
    "one": fake_photometry.photometry(1),
    "two at once": fake_photometry.photometry(2, mjd=60800.0, wavelength=1.0, flux=7.0),
    "all rejected": fake_photometry.photometry(20, flags=1 << 10),
    "all lost": fake_photometry.lost(fake_photometry.photometry(20), range(20)),
    "all upper limits": fake_photometry.photometry(20, flux=-1.0, flux_err=5.0),
    "no times": fake_photometry.photometry(5, mjd=np.nan),
    "no wavelengths": fake_photometry.photometry(5, wavelength=np.nan),
    "all zero": fake_photometry.photometry(5, flux=0.0),
    "enormous": fake_photometry.photometry(5, flux=[1e30, -1e30, 1.0, 0.0, 1e-30], flux_err=1e-6),
    "many bands": fake_photometry.photometry(40, band=[f"filter_with_a_long_name_{i}" for i in range(40)]),
    "every flag": fake_photometry.photometry(30, flags=(1 << 31) - 1),
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "use_magnitude"), [*((name, False) for name in TABLES), ("all upper limits", True), ("enormous", True)]
)
def test_every_light_curve_is_drawn(tmp_path, name, use_magnitude):
    path = curve(tmp_path / "a", TABLES[name])
    figure = combined(path, use_magnitude=use_magnitude)
    assert size(figure) == (600, 480)
    assert drawn(summary(path)) or name == "empty"
    shown = points(read_lightcurve(path), use_magnitude)
    if len(shown.value):
        assert drawn(figure)


def test_without_a_measurement_the_figures_say_so(tmp_path):
    """Black on white: the sentence in the middle of the panels, and no point."""
    figure = combined(curve(tmp_path / "a", TABLES["empty"]))
    image = pixels(figure)
    assert has_colour(image[100:140, 250:350], (0, 0, 0), 0.4)
    assert len(np.unique((image * 255).astype(int) @ (1, 256, 65536))) < 300  # no colour bar


@pytest.mark.slow
def test_ten_thousand_measurements_are_drawn_in_seconds(tmp_path):
    import time

    path = curve(tmp_path / "a", fake_photometry.photometry(10_000))
    begun = time.process_time()
    figure = combined(path)
    page = summary(path)
    assert time.process_time() - begun < 20  # 1.5 s at the time of writing
    assert drawn(figure)
    assert drawn(page)


@pytest.mark.slow
def test_the_users_matplotlibrc_holds(tmp_path, mixed, standard):
    """Ground, text, ticks and fonts are the user's; sizes of files and positions of axes follow the fonts."""
    rc = tmp_path / "matplotlibrc"
    rc.write_text(
        "figure.facecolor: 102030\naxes.facecolor: 203040\ntext.color: ff8800\naxes.labelcolor: 00ff00\n"
        "font.size: 16\naxes.grid: True\nsavefig.dpi: 13\nsavefig.bbox: tight\nfigure.dpi: 33\nbackend: pdf\n"
    )
    with matplotlib.rc_context():
        matplotlib.rc_file(rc)
        figure, page = combined(mixed, "rc.png"), summary(mixed, "rcs.png")
    for path in (figure, page):
        image = pixels(path)
        assert size(path) == (600, 480)
        assert has_colour(image[:3, :3], to_rgb("#102030"), 0.01)
        assert has_colour(image, to_rgb("#203040"), 0.01)
        assert has_colour(image, to_rgb("#00ff00"), 0.3)
    assert has_colour(pixels(figure), to_rgb("#ff8800"), 0.3)  # the title, and the legend's markers
    assert combined(mixed).read_bytes() == standard


def test_labels_keep_their_room_whatever_the_font(tmp_path, mixed):
    """Nothing is cut off: the outermost pixels of the figure stay empty also with a font of 18 pt."""
    with matplotlib.rc_context({"font.size": 18}):
        for path in (combined(mixed, "big.png"), summary(mixed, "bigs.png")):
            image = pixels(path)
            frame = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
            assert (frame == 1).all()


def test_no_dollar_in_a_name_begins_a_formula(tmp_path):
    table = fake_photometry.photometry(3)
    path = curve(tmp_path / "a", table)
    path.write_text(path.read_text().replace("Star of 'x, y' # 1", r"a $\frac{ b $ and % _ ^"))
    assert drawn(combined(path))
    assert drawn(summary(path))


def test_the_summary_shows_all_classes_and_bad_flags_in_red(mixed):
    image = pixels(summary(mixed))
    for colour in COLOURS.values():
        assert has_colour(image, to_rgb(colour), 0.02)
    panels = slice(len(image) // 2, len(image) * 9 // 10)  # the lower ones, without the legend below them
    assert has_colour(image[panels], to_rgb("tab:red"), 0.02)
    by_bit = pixels(summary(mixed, "b.png", bad_flags=(10,)))
    assert has_colour(by_bit[panels], to_rgb("tab:red"), 0.02)
    none = pixels(summary(mixed, "c.png", bad_flags=("COLD",)))
    assert not has_colour(none[panels], to_rgb("tab:red"), 0.02)


def test_bars_of_the_summary_are_as_long_as_the_counts(tmp_path):
    """D1 has twice the exposures of D2: bars of 2 to 1."""
    path = curve(tmp_path / "a", fake_photometry.photometry(60, band=["D1"] * 40 + ["D2"] * 20))
    figure = summary(path)
    image = pixels(figure)
    half, middle = image.shape[0] // 2, image.shape[1] // 2
    blue = np.abs(image[half : len(image) * 9 // 10, :middle] - np.array(to_rgb(COLOURS["good"]))).max(axis=-1) < 0.02
    heights = blue.sum(axis=0)
    first, second = heights[: len(heights) * 55 // 100].max(), heights[-len(heights) // 5]
    assert first == pytest.approx(2 * second, abs=4)
