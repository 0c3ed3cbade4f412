"""A run started from Python."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from ..config.yamlfile import read_yaml
from ..errors import SwathError
from .values import ROOT


def run(
    config: str | Path, *targets: str, cores: int = 1, directory: str | Path = ".", options: Sequence[str] = ()
) -> int:
    """Run the workflow from Python (a notebook, say) and return Snakemake's exit code.

    Parameters
    ----------
    config : the config file. targets : rules or files, all products without any. cores : how many to use.
    directory : the working directory. options : further command-line options of Snakemake.
    """
    try:
        read_yaml(config)
    except SwathError as error:
        print(error, file=sys.stderr)
        return 1
    command = [
        sys.executable,
        "-m",
        "snakemake",
        "-s",
        str(ROOT / "Snakefile"),
        "--configfile",
        str(Path(config).resolve()),
    ]
    place = ["--directory", str(directory), "--cores", str(cores)]
    return subprocess.run([*command, *place, *options, "--", *targets], check=False).returncode
