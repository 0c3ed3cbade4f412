"""Parts of a scene that the Tractor lacks: bounds that hold, our shapes, and a PSF of each source's own place.

The Tractor draws sources at whatever parameters a trial step has. Here every parameter is seen within its bounds, so
that no trial step can ask for an impossible or an endless drawing.
"""

from typing import Any

import numpy as np
from tractor import NullWCS, PixPos, PointSource
from tractor.galaxy import DevGalaxy, ExpGalaxy
from tractor.sersic import SersicGalaxy, SersicMixture
from tractor.utils import ParamList

from ..scene import Limits


class PatchWcs(NullWCS):
    """Pixels of a patch with `margin` pixels around it; a position counts as lying within its bounds.

    Derivatives by positions are per pixel. The Tractor's own class takes them per 1/3600 of a pixel since its commit
    386a14b4, after which galaxies hardly move.
    """

    def __init__(self, margin: int) -> None:
        super().__init__(dx=margin, dy=margin)

    def positionToPixel(self, pos: "Place", src: Any = None) -> tuple[float, float]:
        x, y = pos.within()
        return x + self.dx, y + self.dy

    def cdInverseAtPosition(self, pos: Any, src: Any = None) -> np.ndarray:
        return np.eye(2)


class _Bounded:
    """Parameters with bounds and Gaussian priors, columns `columns` of the problem's nonlinear parameters."""

    columns: tuple[int, ...] = ()

    def bind(self, limits: Limits, index: int) -> None:
        """Take bounds, priors and the largest step of source `index` of a problem."""
        rows = index, list(self.columns)
        self.low, self.high = limits.low[rows], limits.high[rows]
        self.maxstep = [float(step) for step in limits.step[list(self.columns)]]
        self.lowers, self.uppers = ([float(v) for v in edge] for edge in (self.low, self.high))
        for name, mean, width in zip(
            self.getNamedParams(), limits.prior_mean[rows], limits.prior_width[rows], strict=True
        ):
            if np.isfinite(width):
                self.addGaussianPrior(name, float(mean), float(width))

    def within(self) -> np.ndarray:
        """The parameters within their bounds."""
        return np.clip(self.getAllParams(), self.low, self.high)

    def hold(self) -> bool:
        """Put parameters beyond their bounds back onto them; were there any?"""
        before = np.array(self.getAllParams(), float)
        self.setAllParams([float(value) for value in self.within()])
        return not np.array_equal(before, self.getAllParams())


class Place(_Bounded, PixPos):
    """A position [pix]."""

    columns = (0, 1)


class Shear(_Bounded, ParamList):
    """Our shapes (`models.shape`): ln sqrt(ab) [pix] and ln(a/b) (cos 2 phi, sin 2 phi)."""

    columns = (2, 3, 4)
    longest = 2.5  # of ln(a/b)

    @staticmethod
    def getNamedParams() -> dict[str, int]:
        return {"lnr": 0, "e1": 1, "e2": 2}

    def __init__(self, *values: float) -> None:
        super().__init__(*values)
        self.stepsizes = [0.01] * 3

    def bind(self, limits: Limits, index: int) -> None:
        super().bind(limits, index)
        self.longest = limits.stretch_max

    def within(self) -> np.ndarray:
        log_r, e1, e2 = super().within()
        long = np.hypot(e1, e2)
        keep = min(1.0, self.longest / long) if long > 0 else 1.0
        return np.array([log_r, keep * e1, keep * e2])

    @property
    def re(self) -> float:
        """Half-light radius along the major axis [pix]."""
        log_r, e1, e2 = self.within()
        return float(np.exp(log_r + np.hypot(e1, e2) / 2))

    def getRaDecBasis(self) -> np.ndarray:
        """Matrix from the unit circle to the ellipse, in units of 3600 pix as the Tractor asks for it."""
        log_r, e1, e2 = self.within()
        half = np.hypot(e1, e2) / 2
        turn = np.sinh(half) / (2 * half) if half > 1e-6 else 0.5
        return np.exp(log_r) / 3600 * (np.cosh(half) * np.eye(2) + turn * np.array([[e1, e2], [e2, -e1]]))


class LnIndex(_Bounded, ParamList):
    """ln of a Sersic index."""

    columns = (5,)

    @staticmethod
    def getNamedParams() -> dict[str, int]:
        return {"lnn": 0}

    def __init__(self, *values: float) -> None:
        super().__init__(*values)
        self.stepsizes = [0.01]


class _Seen:
    """An image as a source at a fixed place sees it: with the PSF of that place."""

    def __init__(self, image: Any, psf: Any) -> None:
        self._image, self.psf = image, psf

    def getPsf(self) -> Any:
        return self.psf

    def __getattr__(self, name: str) -> Any:
        return getattr(self._image, name)


class _OwnPsf:
    """A source that is drawn with the PSFs of its own place where it has some: `psfs`, one for each band by name."""

    psfs: dict[str, Any] | None = None

    def getUnitFluxModelPatch(self, img: Any, **options: Any) -> Any:
        seen = _Seen(img, self.psfs[img.name]) if self.psfs else img
        return super().getUnitFluxModelPatch(seen, **options)


# ASSUME fluxes, radii and indices of the Tractor's profiles are those of swath's, though its exp and dev are SDSS's,
# which fade out at 3-4 and 7-8 half-light radii: an exp is given 4 % less light, a dev 0.1 % more.
class Star(_OwnPsf, PointSource):
    """A point source."""


class Exp(_OwnPsf, ExpGalaxy):
    """The Tractor's exponential profile."""


class Dev(_OwnPsf, DevGalaxy):
    """The Tractor's de Vaucouleurs profile."""


class Sersic(_OwnPsf, SersicGalaxy):
    """The Tractor's Sersic profile, by ln n."""

    def getProfile(self) -> Any:
        return SersicMixture.getProfile(float(np.exp(self.sersicindex.within()[0])))

    def __str__(self) -> str:
        return f"Sersic galaxy, ln n {self.sersicindex.within()[0]:.3f}"


GALAXIES = {"exp": Exp, "dev": Dev, "sersic": Sersic}
