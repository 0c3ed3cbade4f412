"""The room that knows Snakemake: what the Snakefile asks for, and runs started from Python.

`swath.run.run` runs any config, `swath.run.photometer` goes from a position on the sky to its light curve and spectrum.
"""

from .entry import run
from .photometer import Spectra, photometer

__all__ = ["Spectra", "photometer", "run"]
