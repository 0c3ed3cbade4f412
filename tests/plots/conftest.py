import fake_products
import pytest
from swath.config.fit import Fit


@pytest.fixture(scope="session")
def tile(tmp_path_factory):
    return fake_products.make(tmp_path_factory.mktemp("tile"))


@pytest.fixture(scope="session", params=[True, False], ids=["joint", "band by band"])
def fitted(request, tile):
    """Settings, payload and fit of the tile's patch."""
    settings = Fit(multi_band=request.param)
    return settings, *fake_products.fit(tile, settings, f"fit_{request.param}")
