"""Archives: positions to observations, observations to files; the only package that speaks to the network."""
