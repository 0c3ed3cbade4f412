"""Figures. Nothing that computes imports them."""
