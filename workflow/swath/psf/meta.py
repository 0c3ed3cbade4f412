"""What is told about the PSF of a band beside its pixels."""

import numpy as np

from ..config.psf import Psf
from . import quality
from .store import BandPsf


def band_facts(psf: BandPsf, stars: np.ndarray, settings: Psf) -> dict[str, object]:
    """Facts of one band for `epsf/{cell}.json`; `stars` of dtype `store.STARS`."""
    return {
        "method": psf.method,
        "form": psf.form,
        "samples_per_pixel": psf.samples,
        "wings": [] if psf.wings is None else psf.wings.tolist(),
        "fallback": psf.fallback,
        "pooled": psf.pooled,
        "reason": psf.reason,
        "nstars_used": psf.n_stars,
        "nstars_held_out": psf.n_held,
        "nstars_clipped": int((~stars["used"] & ~stars["held_out"]).sum()),
        "linear": len(psf.planes) > 1,
        "epsf_shape": list(psf.planes.shape),
        "norm_radius_pix": psf.norm_radius,
        "rms_score": psf.rms_score,
        "ee_score": psf.ee_score,
        "epsf_qa": quality.facts(psf.planes[0]),
        "settings": settings.model_dump(mode="json"),
        "stars": [{name: row[name].item() for name in stars.dtype.names if name != "band"} for row in stars],
    }
