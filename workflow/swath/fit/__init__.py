"""The native engine: all sources of a patch, all bands, at the optimum of chi2, with errors from the full Fisher matrix."""
