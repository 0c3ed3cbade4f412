"""The catalogue browser: stamps patch by patch, and one static page per tile."""
