"""Light curves and spectra: what was measured of one target, judged, as tables that other tools read."""
