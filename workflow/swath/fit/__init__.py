"""The native engine: all sources of a patch in all bands, at the optimum of chi2, with full Fisher errors."""
