"""Archives for the tests of this folder."""

from archive.dachs.server import dachs

__all__ = ["dachs"]
