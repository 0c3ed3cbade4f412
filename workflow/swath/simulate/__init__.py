"""A field of known truth: drawn, rendered with GalSim, and written as a survey would deliver it."""
