"""PSF stars and the empirical PSF: selection, building, fallbacks, and a test on stars that were held out."""
