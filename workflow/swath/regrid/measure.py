"""What an image says about its own noise: sky sigma, and, with luck, gain."""

from typing import NamedTuple

import numpy as np
from scipy import ndimage, optimize, stats

from ..config.images import Sky
from ..errors import RunError
from ..frames.sky import remove_sky
from ..frames.sourcemask import robust_sigma

_DIFFERENCE = np.array([1.0, -4.0, 6.0, -4.0, 1.0])
KERNEL = np.outer(_DIFFERENCE, _DIFFERENCE)
POWER = float((KERNEL**2).sum())
# The signal whose noise the kernel sees, weighted as the kernel weights noise, but independent of that noise.
SIGNAL = KERNEL**2 / POWER - (KERNEL**3).sum() / POWER**2 * KERNEL
# Neighbouring differences share pixels: so many of them say as much as one.
SHARED = float((np.correlate(_DIFFERENCE, _DIFFERENCE, "full") ** 2).sum() / (_DIFFERENCE @ _DIFFERENCE) ** 2) ** 2
LEAST_SIGNAL = 4.0
FEWEST, AGREE = 250, 1.5
# Of chi2 with one degree of freedom, cut at CUT: mean, variance, and the mean of what lies below.
CUT = 9.0
BELOW = float(stats.chi2.cdf(CUT, 3))
MEAN = float(BELOW + CUT * stats.chi2.sf(CUT, 1))
SCATTER = float(3 * stats.chi2.cdf(CUT, 5) + CUT**2 * stats.chi2.sf(CUT, 1) - MEAN**2)


class Gain(NamedTuple):
    """Electrons per image unit and its standard error; places : pixels with signal that it comes from."""

    value: float
    error: float
    places: int


def sky_and_sigma(pixels: np.ndarray, bad: np.ndarray, settings: Sky) -> tuple[np.ndarray, float]:
    """The image without its sky, float32, and the standard deviation of its sky per pixel, sources masked.

    Of images whose noise is correlated, the sigma is that of single pixels.

    Raises
    ------
    ValueError : no free pixel, or no noise at all.
    """
    clean = np.where(bad, 0, pixels).astype("f4")
    guess = robust_sigma(clean[~bad])
    if not guess > 0:
        raise ValueError("the pixels have no noise")
    model = settings.model_copy(update={"model": "plane" if settings.model in ("off", "patch") else settings.model})
    try:
        sky = remove_sky(clean, guess, bad, model)
    except RunError as error:
        raise ValueError(str(error)) from None
    if not sky.noise_ratio:
        raise ValueError("the pixels have no noise")
    return clean, guess * sky.noise_ratio


def measure_gain(clean: np.ndarray, bad: np.ndarray, sigma: float, most_error: float) -> Gain:
    """The gain from how the noise of pixels grows with their signal: variance = sigma^2 + signal / gain.

    Fourth differences along both axes are free of all that is smooth over 5 pixels, sources included; their squares,
    against the signal above the sky at the same place, are the relation. Noise that neighbours share (resampled
    images) lowers both terms alike, which the sky's known sigma corrects. What the answer rests on is light: with few
    bright pixels its error is large. The cores of stars with less than 4 pix of FWHM pass for noise in part: with 3 pix
    the gain comes out 10 to 20 % too small, beyond its error.

    Parameters
    ----------
    clean : (ny, nx) image without its sky. sigma : of a pixel of the sky. most_error : largest relative error.

    Raises
    ------
    ValueError : too few pixels with signal, no growth of the noise, or a relative error above `most_error`.
    """
    # ASSUME what is at least four times the sky's sigma above it is light whose photons scatter as Poisson says.
    squares = ndimage.correlate(clean.astype(float), KERNEL, mode="nearest") ** 2 / POWER
    signal = ndimage.correlate(clean.astype(float), SIGNAL, mode="nearest")
    good = ~ndimage.binary_dilation(bad, np.ones((5, 5)))
    good[:2], good[-2:], good[:, :2], good[:, -2:] = False, False, False, False
    empty = good & (np.abs(signal) < sigma)
    lit = good & (signal > LEAST_SIGNAL * sigma)
    count = int(np.count_nonzero(lit))
    if count < FEWEST or np.count_nonzero(empty) < FEWEST:
        raise ValueError(f"the gain cannot be measured: {count} pixels with signal, expected at least {FEWEST}")
    base = float(robust_sigma(np.concatenate([s := np.sqrt(squares[empty]), -s]))) ** 2
    slope, error = _checked_slope(signal[lit], squares[lit], base)
    if not slope > 0:
        raise ValueError("the gain cannot be measured: the noise does not grow with the signal")
    # `base` is what the differences see of sigma^2: of white noise all of it.
    gain, relative = base / (slope * sigma**2), error / slope
    if relative > most_error:
        raise ValueError(f"the gain cannot be measured: {gain:.3g} +- {100 * relative:.0f} %")
    return Gain(gain, gain * relative, count)


def _checked_slope(signal: np.ndarray, squares: np.ndarray, base: float) -> tuple[float, float]:
    """d variance / d signal and its error, from pixels of which the fainter and the brighter half agree.

    Light that is curved over 5 pixels adds to the squares as the square of the signal: where the brighter half tells of
    more noise it is left out, until too few are left. The error is no less than half of what the halves differ by.
    """
    while True:
        bright = signal > np.median(signal)
        slope, error = _slope(signal, squares, base)
        (low, low_error), (high, high_error) = (_slope(signal[p], squares[p], base) for p in (~bright, bright))
        agree = abs(high - low) <= AGREE * np.hypot(low_error, high_error)
        if agree or len(signal) < 4 * FEWEST:
            return slope, max(error, abs(high - low) / 2)
        signal, squares = signal[~bright], squares[~bright]


def _slope(signal: np.ndarray, squares: np.ndarray, base: float) -> tuple[float, float]:
    """The slope for which squares over (base + slope signal), cut at CUT, have the mean of chi2 with one degree."""

    def pull(slope: float) -> float:
        variance = base + slope * signal
        return float(np.sum((np.minimum(squares / variance, CUT) - MEAN) * signal / variance))

    high = base / float(np.median(signal))
    while pull(high) > 0:
        high *= 4
    if pull(0.0) <= 0:
        return 0.0, np.inf
    slope = float(optimize.brentq(pull, 0.0, high, rtol=1e-6))
    share = signal / (base + slope * signal)
    return slope, float(np.sqrt(SHARED * SCATTER / np.sum(share**2)) / BELOW)
