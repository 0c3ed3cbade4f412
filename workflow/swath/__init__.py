"""swath: survey images to calibrated catalogues and spectra."""

__version__ = "0.1.0"
