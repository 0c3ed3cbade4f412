"""Settings of all tests."""

import os

from hypothesis import settings

# No deadlines: machines are shared. In CI the examples are always the same; elsewhere every run tries others.
settings.register_profile("here", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "here")
