"""What became of every source, counted from tables as they are on disk."""

import numpy as np
from astropy.io import fits
from field_cost import counted
from swath.images import table_rows, write_fits


def test_truth_values_of_a_file_are_counted_as_such(tmp_path):
    """On disk they are letters, of which both are true."""
    rows = np.zeros(6, [("converged", "?"), ("flags", "i4")])
    rows["converged"], rows["flags"] = [1, 1, 1, 0, 0, 0], [0, 4, 0, 1, 3, 0]
    write_fits(tmp_path / "fit.fits", [fits.PrimaryHDU(), fits.BinTableHDU(rows, name="FIT")])
    with fits.open(tmp_path / "fit.fits", memmap=False) as hdus:
        read = table_rows(hdus["FIT"])
    assert counted([read]) == (3, 2, 1)
    assert counted([read[:4], read[4:]]) == (3, 2, 1)
