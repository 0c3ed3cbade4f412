"""Source extraction with buffers that grow: sep (Barbary 2016, JOSS 1, 58) fails where a field overruns them."""

from typing import Any

import numpy as np
import sep

from .errors import RunError

_PIXELS, _OBJECTS = 300_000, 8192


def extract(data: np.ndarray, threshold: float, **options: Any) -> Any:
    """`sep.extract(data, threshold, **options)`, tried again with larger buffers until the field fits.

    Raises
    ------
    RunError : not even buffers as large as the image are enough, or sep finds another fault.
    """
    pixels, objects = max(_PIXELS, data.size // 16), _OBJECTS
    while True:
        sep.set_extract_pixstack(pixels)
        sep.set_sub_object_limit(objects)
        try:
            return sep.extract(data, threshold, **options)
        except Exception as error:  # sep raises nothing more special
            if type(error) is not Exception:
                raise
            if "pixel buffer" in str(error) and pixels < 2 * data.size:
                pixels *= 4
            elif "deblending overflow" in str(error) and objects < 1 << 20:
                objects *= 8
            else:
                raise RunError(f"source extraction: {error}; raise the detection threshold") from None
