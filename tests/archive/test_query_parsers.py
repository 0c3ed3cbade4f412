"""Names, queries and sizes for whatever texts and numbers come: they read back, and nothing escapes from them."""

import hashlib
import math
import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from requests import Request
from requests.utils import unquote
from swath.archive import adql
from swath.archive.adql import Position, Span
from swath.archive.batches import batch_names, batch_of
from swath.archive.cutout import cutout_url, quantity
from swath.archive.names import level2_parts, release_of, safe, slug, version_order, version_parts
from swath.archive.sia import parameters
from swath.config.archive import Archive
from swath.config.download import Cutout
from swath.errors import ConfigError

numbers = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e9, max_value=1e9)


@given(st.text())
def test_a_slug_is_one_safe_folder_name(text):
    name = slug(text)
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.+-]*-[0-9a-f]{8}", name)
    assert ".." not in name
    assert len(name) < 90
    assert name.endswith(hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8])


@pytest.mark.parametrize(
    "texts", [("a b", "a/b", "a\\b", "a_b"), ("α Cen", "β Cen"), ("../evil", "evil", "..evil"), ("..", ".", "", " ")]
)
def test_names_that_look_alike_have_slugs_of_their_own(texts):
    assert len({slug(text) for text in texts}) == len(texts)
    assert not {slug(text) for text in texts} & {".", ".."}


def test_a_name_that_is_safe_stays_as_it_is():
    assert safe("SIMP_J013656.5+093347") == "SIMP_J013656.5+093347"


@given(
    week=st.integers(1, 53),
    part=st.integers(1, 9),
    letter=st.sampled_from("ABCD"),
    large=st.integers(0, 9999),
    small=st.integers(1, 99),
    detector=st.integers(1, 6),
    version=st.integers(0, 999),
    day=st.integers(1, 366),
)
def test_file_names_of_level_2_are_read_back(week, part, letter, large, small, detector, version, day):
    obs_id = f"2025W{week:02d}_{part}{letter}_{large:04d}_{small}"
    name = f"level2_{obs_id}D{detector}_spx_l2b-v{version}-2025-{day:03d}.fits"
    expected = {"obs_id": obs_id, "band": f"D{detector}", "version": f"v{version}", "processed": f"2025-{day:03d}"}
    assert level2_parts(name) == expected
    assert version_parts(f"https://x/y/{name}?center=1,2") == (f"v{version}", f"2025-{day:03d}")
    assert level2_parts(f"x/{name}") is None
    assert level2_parts(name.replace("level2", "level3")) is None


def test_a_known_file_name():
    found = level2_parts("level2_2025W18_2B_0201_3D4_spx_l2b-v12-2025-164.fits")
    assert found == {"obs_id": "2025W18_2B_0201_3", "band": "D4", "version": "v12", "processed": "2025-164"}


def test_versions_are_in_the_order_of_their_numbers():
    # As texts v9 would come after v20.
    assert version_order("v9", "2026-001") < version_order("v20", "2025-253") < version_order("v20", "2025-300")


@pytest.mark.parametrize(
    ("collection", "release"),
    [("spherex_qr2", "qr2"), ("spherex_qr2_deep", "qr2"), ("spherex_qr", "qr1"), ("spherex_dr1", "dr1"), ("LAB", "")],
)
def test_collections_tell_their_release(collection, release):
    assert release_of(collection) == release


@given(st.text(alphabet=st.characters(exclude_categories=("C", "Z"))))
def test_a_text_literal_ends_where_it_should(value):
    literal = adql.text(value)
    assert re.fullmatch(r"'(?:[^']|'')*'", literal)
    assert literal[1:-1].replace("''", "'") == value


@pytest.mark.parametrize("value", ["a\nb", "a\x00", "a\x1b[0m"])
def test_control_characters_are_no_names(value):
    with pytest.raises(ConfigError, match="cannot be printed"):
        adql.text(value)


@given(numbers)
def test_a_number_literal_reads_back_and_has_no_exponent(value):
    literal = adql.number(value)
    assert float(literal) == value
    assert re.fullmatch(r"-?\d+(\.\d+)?", literal)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_is_no_number_is_asked_of_nobody(value):
    with pytest.raises(ValueError, match="no number"):
        adql.number(value)


@pytest.mark.parametrize("name", ["a; DROP TABLE b", "a b", "a.b.", "", "1a", "a--", "a'"])
def test_what_is_no_table_is_refused(name):
    with pytest.raises(ConfigError, match="no name of a table"):
        adql.table_name(name)


@given(st.lists(st.text(alphabet="abc'_ -", min_size=1), min_size=1, max_size=3), numbers, numbers)
def test_a_query_holds_its_values_and_nothing_else_of_them(collections, low, high):
    archive = Archive(service="obscore", collections=tuple(collections), mjd_min=low)
    query = adql.obscore(archive, Position(10.0, -20.0, 0.5), Span(None, high))
    assert query.count("'") % 2 == 0
    skeleton = re.sub(r"'(?:[^']|'')*'", "?", query)
    assert re.fullmatch(
        r"SELECT \* FROM ivoa\.obscore WHERE dataproduct_type = \? AND INTERSECTS\(CIRCLE\(\?, 10, -20, 0\.5\), "
        r"s_region\) = 1 AND obs_collection IN \((\?, )*\?\) AND t_max >= [-\d.]+ AND t_min < [-\d.]+",
        skeleton,
    )


def test_a_small_circle_asks_for_the_images_that_contain_the_position():
    assert adql.region("p.poly", Position(1.5, 2.0, 1 / 3600)) == "CONTAINS(POINT('ICRS', 1.5, 2), p.poly) = 1"


def test_sia2_parameters_are_those_of_the_standard():
    wanted = parameters(Archive(mjd_min=61000.0), Position(1.0, -2.0, 0.25), Span(None, 61010.5), "spherex_qr2")
    assert wanted["POS"] == "CIRCLE 1 -2 0.25"
    assert wanted["TIME"] == "61000 61010.5"
    assert wanted["COLLECTION"] == "spherex_qr2"
    assert parameters(Archive(), Position(1.0, -2.0, 0.25), Span(61000.0, None))["TIME"] == "61000 +Inf"
    assert "TIME" not in parameters(Archive(), None, Span())


@given(
    st.floats(1e-6, 1e4, allow_nan=False),
    st.none() | st.floats(1e-6, 1e4, allow_nan=False),
    st.sampled_from(["px", "pix", "pixels", "arcsec", "arcmin", "deg", "rad", ""]),
    st.sampled_from(["", " "]),
)
def test_cutout_sizes_are_passed_on_to_the_last_digit_that_matters(one, other, unit, gap):
    text = f"{one!r}{'' if other is None else f',{gap}{other!r}'}{gap}{unit}"
    url = cutout_url("https://a.b/c.fits", 210.80227, 54.34895, Cutout.model_construct(size=text, center=None))
    found = re.fullmatch(r"https://a\.b/c\.fits\?center=210\.80227,54\.34895&size=([\d.]+)(?:,([\d.]+))?([a-z]*)", url)
    assert found, url
    assert found[3] == unit
    for sent, wanted in zip(found.groups()[:2], (one, other), strict=True):
        # 13 decimals: 1e-13 deg is 4e-10 arcsec.
        assert (sent is None) == (wanted is None)
        assert wanted is None or abs(float(sent) - wanted) <= 0.51e-13 + 1e-15 * wanted


@pytest.mark.parametrize("text", ["", "3 parsec", "1,2,3", "px", "1e400", "nan", "1;2", "3arcmin 4", "--3", "1&x=2"])
def test_what_is_no_size_is_an_error(text):
    with pytest.raises(ConfigError, match=r"download\.cutout\.size: found"):
        quantity(text, "download.cutout.size")


@pytest.mark.parametrize("text", ["0", "-3arcmin", "3,0px"])
def test_sizes_are_above_zero(text):
    with pytest.raises(ConfigError, match="above 0"):
        cutout_url("https://a.b/c", 1, 2, Cutout.model_construct(size=text, center=None))


def test_a_url_keeps_the_parameters_that_it_has():
    url = cutout_url("https://a.b/c?id=1&v=2", 1.5, -2.25, Cutout(size="60px"))
    assert url == "https://a.b/c?id=1&v=2&center=1.5,-2.25&size=60px"
    assert cutout_url("https://a.b/c?id=1", 1.5, -2.25, Cutout()) == "https://a.b/c?id=1"


def test_the_centre_of_the_config_takes_the_targets_place():
    url = cutout_url("https://a.b/c", 1.5, -2.25, Cutout(size="3arcmin", center="210.8,54.3deg"))
    assert url == "https://a.b/c?center=210.8,54.3deg&size=3arcmin"


def test_soda_gets_a_circle_in_degrees():
    url = cutout_url("https://a.b/dlget?ID=x%2Fy", 10.0, -2.0, Cutout(size="6,3arcmin"), "soda")
    assert unquote(Request("GET", url).prepare().url) == "https://a.b/dlget?ID=x/y&CIRCLE=10 -2 0.05"
    with pytest.raises(ConfigError, match="pixels have no angle"):
        cutout_url("https://a.b/dlget?ID=x", 10.0, -2.0, Cutout(size="60px"), "soda")


@given(st.text(), st.integers(1, 64))
def test_the_batch_of_an_exposure_depends_on_its_name_alone(text, count):
    try:
        expected = int(hashlib.sha256(text.encode()).hexdigest()[:8], 16) % count
    except UnicodeEncodeError:
        return
    assert batch_of(text, count) == expected < count == len(batch_names(count))


def test_batches_are_of_like_size():
    counts = Counter(
        batch_of(f"ivo://irsa.ipac/spherex_qr2?2025W25_1B_{i:04d}_1/D1#v20-2025-253", 8) for i in range(2000)
    )
    # 250 each, sd 15: none is off by 5 sd.
    assert max(abs(count - 250) for count in counts.values()) < 75
