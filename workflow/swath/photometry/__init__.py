"""Photometry of targets on single exposures."""
