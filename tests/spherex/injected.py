"""Fields of sources of known flux in built files, and what is measured of them."""

from dataclasses import replace

import numpy as np
import pandas as pd
from swath.photometry.measure import measure
from swath.spherex.mef import read_exposure

from spherex.build import SKY, Scene, celestial, image_header, write, write_calibration

FLUXES = (-200.0, -20.0, 0.0, 20.0, 200.0, 2e3, 2e4, 3e5)
SPACING = 34  # pix: no source in another's background


def field(scene, fluxes, seed):
    """The scene with sources of these fluxes on a grid, each somewhere else between pixels."""
    side = int(np.ceil(len(fluxes) ** 0.5))
    scene = replace(scene, size=(side * SPACING, side * SPACING), seed=seed)
    rng = np.random.default_rng([seed, scene.detector])
    places = [(i % side + 0.5, i // side + 0.5) for i in range(len(fluxes))]
    pixels = np.array(places) * SPACING - 0.5 + rng.uniform(-2, 2, (len(fluxes), 2))
    ra, dec = celestial(image_header(scene)).all_pix2world(*pixels.T, 0)
    return replace(scene, sources=tuple(zip(ra.tolist(), dec.tolist(), map(float, fluxes), strict=True)))


def recovered(folder, scene, settings, light=True):
    """One row per source of the scene, by reading the file that it is written to; `true` is its flux."""
    path, calibration = folder / "field.fits", folder / f"cal_{scene.detector}_{scene.release}_{scene.pipeline}.fits"
    if light and not calibration.exists():
        write_calibration(calibration, scene.detector, scene.release, scene.version)
    truths = write(path, scene, psf=not light)
    exposure = read_exposure(path, calibration if light else None)
    rows = [measure(exposure, source[0], source[1], settings) for source in scene.sources]
    return pd.DataFrame(rows).assign(
        true=[truth["flux"] for truth in truths], true_x=[t["x"] for t in truths], true_y=[t["y"] for t in truths]
    )


def corners(seed):
    """Somewhere on the detector, where PSFs differ most: places of the field's centre."""
    rng = np.random.default_rng(seed)
    return tuple(rng.choice([150.0, 1020.0, 1890.0], 2) + rng.uniform(-30, 30, 2))


def scenes(detector, release, seed, **others):
    """A scene without sources, somewhere on the detector and on the sky."""
    return Scene(detector=detector, release=release, sky=SKY, at=corners(seed), seed=seed, **others)
