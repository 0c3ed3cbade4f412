"""What the scores of a PSF say, in words that figures and pages share."""

NO_EXCESS = "no excess over the noise"


def score_text(value: float, signed: bool = False) -> str:
    """A score on held-out stars. Noise is taken off it: 0 means that nothing more was seen, not a perfect PSF."""
    if value == 0:
        return NO_EXCESS
    return f"{value:+.4f}" if signed else f"{value:.4f}"


def no_score(n_held: int) -> str:
    """Why a PSF has no score."""
    if n_held == 0:
        return "too few stars to hold one out"
    return f"of {n_held} held-out stars none has enough good pixels"
