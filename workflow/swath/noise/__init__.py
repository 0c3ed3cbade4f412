"""The noise of empty sky, as photometry sees it."""
