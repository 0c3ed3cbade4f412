"""The fitted model of a patch, drawn again from its tables: what is shown is what was fitted."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from astropy.io import fits

from ..config.fit import Fit
from ..fit.drawing import Canvas
from ..fit.problem import problem, single_band
from ..fit.scene import Problem, Sources
from ..images import table_rows
from ..models.shape import from_ellipse
from ..patches.payload import FIXED, OWNED, Payload, read_payload


class Drawn(NamedTuple):
    """One fitted patch; images are (nband, ny, nx) on the payload's pixels.

    data, model : flux per pixel, the model with its sky; data is NaN where masked.
    sigma : noise that the fit assumed, NaN where masked.
    scene : all modelled sources, as the fit wrote them; x, y and shapes are (n,), or (n, nband) from single-band fits.
    status, reason : of the fit; without a fit the model is 0. chi2, npix : of the whole patch.
    """

    payload: Payload
    data: np.ndarray
    model: np.ndarray
    sigma: np.ndarray
    scene: np.ndarray
    status: str
    reason: str
    chi2: float
    npix: int

    @property
    def bands(self) -> list[str]:
        """Band names in order."""
        return [str(band) for band in self.payload.bands["band"]]

    @property
    def pulls(self) -> np.ndarray:
        """(data - model) / sigma."""
        return (self.data - self.model) / self.sigma

    @property
    def owned(self) -> np.ndarray:
        """The scene's rows that the patch reports, in input order."""
        mine = self.scene[self.scene["role"] == OWNED]
        return mine[np.argsort(mine["row"], kind="stable")]


def read_drawn(payload_path: str | Path, fit_path: str | Path, settings: Fit) -> Drawn:
    """Read a patch's payload and fit, and draw its model.

    Parameters
    ----------
    settings : the config section that the patch was fitted with.
    """
    payload = read_payload(Path(payload_path))
    with fits.open(fit_path, memmap=False) as hdus:
        header, scene = hdus[0].header, table_rows(hdus["SCENE"])
    model, sigma = fitted(payload, scene, settings)
    data = np.where(np.isfinite(sigma), payload.image, np.nan)
    chi2 = np.nan if header["CHI2"] is None else header["CHI2"]  # beyond all bounds, or not a number
    return Drawn(payload, data, model, sigma, scene, header["STATUS"], header["REASON"], chi2, header["NPIX"])


def fitted(payload: Payload, scene: np.ndarray, settings: Fit) -> tuple[np.ndarray, np.ndarray]:
    """Model with sky, and the noise assumed for it (NaN where masked), both (nband, ny, nx).

    Parameters
    ----------
    scene : table SCENE of the fit; its x, y and shapes are (n,), or (n, nband) where each band was fitted alone.
    """
    joint = problem(payload, settings, free_sky=False)
    if scene["x"].ndim == 1:
        return _draw(joint, scene, payload, settings)
    parts = [
        _draw(single_band(joint, index), _of_band(scene, index), payload, settings)
        for index in range(len(payload.bands))
    ]
    model, sigma = zip(*parts, strict=True)
    return np.concatenate(model), np.concatenate(sigma)


def positions(drawn: Drawn, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Full-frame x and y of scene rows in every band, (n, nband) each; the starting position where there is no fit."""
    start = {int(source["row"]): source for source in drawn.payload.sources}
    shape = (len(rows), len(drawn.bands))
    out = []
    for axis in ("x", "y"):
        found = rows[axis] if rows[axis].ndim == 2 else rows[axis][:, None]
        begun = np.array([start[int(row)][axis] for row in rows["row"]]).reshape(len(rows), 1)
        out.append(np.broadcast_to(np.where(np.isfinite(found), found, begun), shape))
    return out[0], out[1]


def _draw(part: Problem, scene: np.ndarray, payload: Payload, settings: Fit) -> tuple[np.ndarray, np.ndarray]:
    sources = _sources(part.sources, scene, payload)
    canvas = Canvas(part)
    canvas.resize(sources)
    light = canvas.model(sources, canvas.stamps(sources, derivatives=False))
    weights = part.pixels.weights(light if settings.noise == "model" else None)
    sky = np.nan_to_num(scene["sky"][0] if len(scene) else np.zeros(part.pixels.image.shape[0]))
    with np.errstate(divide="ignore"):
        sigma = np.where(weights > 0, 1 / np.sqrt(weights), np.nan)
    return light + sky.astype("f4")[:, None, None], sigma


def _sources(start: Sources, scene: np.ndarray, payload: Payload) -> Sources:
    """The scene's parameters in the fit's own coordinates; fixed sources are at their starting values by definition."""
    nonlinear, flux = start.nonlinear.copy(), np.nan_to_num(scene["flux"].astype(float))
    known = np.isfinite(scene["x"])
    nonlinear[known, 0] = scene["x"][known] - payload.roi[0]
    nonlinear[known, 1] = scene["y"][known] - payload.roi[2]
    galaxy = known & (scene["model"] != "star")
    nonlinear[galaxy, 2:5] = from_ellipse(scene["re"][galaxy], scene["ell"][galaxy], scene["phi"][galaxy])
    nonlinear[galaxy, 5] = np.log(scene["n"][galaxy])
    fixed = scene["role"] == FIXED
    nonlinear[fixed], flux[fixed] = start.nonlinear[fixed], start.flux[fixed]
    return Sources(scene["model"].astype(str), nonlinear, flux, start.free)


def _of_band(scene: np.ndarray, index: int) -> np.ndarray:
    """The scene of one band alone, with the columns of a joint fit."""
    columns = {name: scene[name] if scene[name].ndim == 1 else scene[name][:, index] for name in scene.dtype.names}
    columns["flux"], columns["sky"] = scene["flux"][:, index : index + 1], scene["sky"][:, index : index + 1]
    out = np.zeros(len(scene), [(name, values.dtype, values.shape[1:]) for name, values in columns.items()])
    for name, values in columns.items():
        out[name] = values
    return out
