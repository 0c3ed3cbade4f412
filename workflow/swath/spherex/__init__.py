"""SPHEREx Level-2 spectral images: what stands in their files and how to read it."""
