"""The room that knows Snakemake: what the Snakefile asks for, and a run started from Python (`swath.run.run`)."""

from .entry import run

__all__ = ["run"]
