"""The same patches by both engines: what each took, and what it found."""
