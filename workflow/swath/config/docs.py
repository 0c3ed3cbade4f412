"""Write the documents that are made from the config model: `python -m swath.config.docs`, `--check` to compare."""

import argparse
import sys
from pathlib import Path

from ..files import write_text
from .default_run import OVERRIDES
from .model import Config
from .readme import readme
from .schema import schema_text
from .yamltext import render

COMMAND = "PYTHONPATH=workflow python -m swath.config.docs"
ROOT = Path(__file__).resolve().parents[3]

HEAD = f"""\
# yaml-language-server: $schema=../workflow/schemas/config.schema.json
# The default run: a small field of SDSS Stripe 82, offline. Every key is here, with a comment; config/README.md says
# more. A config of your own (snakemake --configfile my.yaml) takes the place of this one and needs only what differs.
# Made from the model in workflow/swath/config by: {COMMAND}

"""


def documents() -> dict[str, str]:
    """Text of every generated document, by its path in the repository."""
    return {
        "config/config.yaml": HEAD + render(Config.model_validate(OVERRIDES), comments=True),
        "config/README.md": readme(COMMAND),
        "workflow/schemas/config.schema.json": schema_text(),
    }


def drifted(root: Path = ROOT) -> list[str]:
    """Paths of the documents that differ from what the model says, or are missing."""
    return [path for path, text in documents().items() if not _is(root / path, text)]


def _is(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text


def main(arguments: list[str] | None = None) -> int:
    """Write the documents, or with `--check` only compare; the exit code is 1 when some differ."""
    parser = argparse.ArgumentParser(prog="python -m swath.config.docs", description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit with 1 when a document is out of date"
    )
    if parser.parse_args(arguments).check:
        old = drifted()
        if old:
            print(f"out of date: {', '.join(old)}; rewrite with: {COMMAND}", file=sys.stderr)
        return 1 if old else 0
    for path, text in documents().items():
        write_text(ROOT / path, text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
