"""Images of an archive on the pixels of one grid, with their noise known."""
