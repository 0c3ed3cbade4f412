"""Sources of known flux in the user's own images: what goes in, and what comes out."""
