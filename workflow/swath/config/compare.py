"""The comparison of engines (`snakemake compare_engines`)."""

from .base import Section, key


class Compare(Section):
    """Patches that `snakemake compare_engines` fits with both engines."""

    patches: int | None = key(None, "how many; a larger number adds patches to those of a smaller one; null: all", ge=1)
