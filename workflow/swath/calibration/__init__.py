"""From fluxes to magnitudes: zero points from reference stars, with their errors and what they leave."""
