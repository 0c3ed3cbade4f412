import pytest
from swath.config.images import Crop
from swath.errors import ConfigError
from swath.frames.crop import crop_box


def test_margin_comes_off_all_four_sides():
    assert crop_box((60, 100), Crop(margin=10)) == (10, 90, 10, 50)


def test_no_margin_and_disabled_crop_keep_the_whole_image():
    assert crop_box((60, 100), Crop(margin=0)) == (0, 100, 0, 60)
    assert crop_box((60, 100), Crop(enabled=False, margin=500)) == (0, 100, 0, 60)


@pytest.mark.parametrize(("shape", "largest"), [((60, 100), 29), ((61, 100), 30), ((100, 3), 1)])
def test_a_crop_that_deletes_the_image_names_the_largest_margin(shape, largest):
    with pytest.raises(ConfigError, match=f"{shape[1]} x {shape[0]} pix.*largest possible margin is {largest}"):
        crop_box(shape, Crop(margin=largest + 1))
    x0, x1, y0, y1 = crop_box(shape, Crop(margin=largest))
    assert min(x1 - x0, y1 - y0) >= 1
