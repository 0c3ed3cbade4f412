"""From the fits of all patches to one catalogue: every input row once, in order."""
