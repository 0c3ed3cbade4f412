"""Where products come from: code fingerprints, the record of every job, the manifest of a tile, and what checks them.

Every script's job imports `records`, `digests`, `cards` and `seal`: an edit there reruns everything. What only reads
(`manifest`, `verify`, `trace` ...) is kept apart from them.
"""
