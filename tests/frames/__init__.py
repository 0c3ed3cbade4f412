"""Tests of swath.frames."""
