"""The data of one patch and the parameters of its sources."""

from dataclasses import dataclass, field, replace

import numpy as np

from ..models.psf import PixelPsf
from ..models.render import PARAMETERS

# Which of the parameters x, y, ln r, e1, e2, ln n a fit may move, by its mode.
MOVING = {"free": {0, 1, 2, 3, 4, 5}, "forced_position": {2, 3, 4, 5}, "forced": set()}


@dataclass
class Pixels:
    """Aligned images of all bands; arrays are (nband, ny, nx), float32.

    image : flux per pixel; variance : of the sky (or the total, see `poisson`); good : usable pixels.
    gain : (nband,) electrons per flux unit. poisson : (nband,) bool, add the model's own Poisson noise.
    """

    image: np.ndarray
    variance: np.ndarray
    good: np.ndarray
    gain: np.ndarray
    poisson: np.ndarray

    @property
    def extent(self) -> tuple[int, int]:
        """(ny, nx)."""
        return self.image.shape[1], self.image.shape[2]

    @property
    def noise(self) -> np.ndarray:
        """(nband,) median sky sigma of the good pixels, inf where a band has none."""
        return np.array(
            [np.sqrt(np.median(v[g])) if g.any() else np.inf for v, g in zip(self.variance, self.good, strict=True)]
        )

    def weights(self, model: np.ndarray | None) -> np.ndarray:
        """Inverse variance with the Poisson noise of `model` (nband, ny, nx); 0 where not good.

        The noise of the sources comes from the model: taken from the noisy pixels it favours low ones and
        biases faint fluxes by several per cent.
        """
        variance = self.variance
        if model is not None and self.poisson.any():
            per_flux = np.where(self.poisson, 1 / self.gain, 0).astype("f4")[:, None, None]
            variance = variance + per_flux * np.maximum(model, 0)
        return np.divide(1, variance, out=np.zeros_like(self.image), where=self.good)

    def band(self, index: int) -> "Pixels":
        """The pixels of one band alone."""
        pick = slice(index, index + 1)
        return Pixels(self.image[pick], self.variance[pick], self.good[pick], self.gain[pick], self.poisson[pick])


@dataclass
class Sources:
    """Parameters of all sources; the state that the optimiser changes.

    model : (n,) str; nonlinear : (n, 6) x, y [pix], ln r [pix], e1, e2, ln n; flux : (n, nband).
    free : (n,) bool, False for sources that are modelled at fixed values.
    """

    model: np.ndarray
    nonlinear: np.ndarray
    flux: np.ndarray
    free: np.ndarray

    def __len__(self) -> int:
        return len(self.model)

    def copy(self) -> "Sources":
        """An independent copy."""
        return Sources(self.model, self.nonlinear.copy(), self.flux.copy(), self.free)

    def moving(self, index: int, mode: str) -> tuple[int, ...]:
        """The nonlinear parameters of one source that a fit of this mode moves."""
        if not self.free[index]:
            return ()
        return tuple(p for p in PARAMETERS[str(self.model[index])] if p in MOVING[mode])

    def band(self, index: int) -> "Sources":
        """The sources with the fluxes of one band alone."""
        return replace(self.copy(), flux=self.flux[:, index : index + 1].copy())


@dataclass(frozen=True)
class Limits:
    """Bounds and priors of the nonlinear parameters, (n, 6) each; an infinite prior width means none."""

    low: np.ndarray
    high: np.ndarray
    prior_mean: np.ndarray
    prior_width: np.ndarray
    stretch_max: float = 2.5
    step: np.ndarray = field(default_factory=lambda: np.array([1.0, 1.0, 0.7, 0.5, 0.5, 0.4]))


@dataclass(frozen=True)
class Settings:
    """What steers the optimiser: the values of config section `fit` that it reads.

    mode : 'free'; 'forced_position', positions stay; 'forced', shapes stay too, and the fit is linear.
    """

    noise: str = "model"
    max_iterations: int = 100
    tolerance: float = 1e-3
    stamp_threshold: float = 0.03
    stamp_max_pix: int = 256
    free_sky: bool = False
    deadline_s: float | None = None
    mode: str = "free"


@dataclass
class Problem:
    """One patch, ready to be fitted."""

    pixels: Pixels
    psf: PixelPsf
    sources: Sources
    limits: Limits
    settings: Settings
