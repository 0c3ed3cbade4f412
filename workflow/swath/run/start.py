"""How a run begins when Snakemake reads the Snakefile."""

import atexit
import json
import logging
import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..checks.rows import raise_errors
from ..config.canonical import canonical
from ..config.load import load_config
from ..config.model import Config
from ..config.yamlfile import read_yaml
from ..errors import SwathError
from . import commandline
from .lastword import LastWord, stop
from .setup import ASKED_ABOUT, Setup
from .states import config_of, is_state
from .terminal import READERS, TOOLS, hush
from .values import ROOT


def setup(workflow: Any, mapping: Mapping[str, Any]) -> Setup:
    """Check the config that Snakemake read, look at the inputs and plan the run.

    Relative paths begin at the folder of the last config file. A user's mistake ends the process with its sentences
    as the last thing printed.
    """
    given = [Path(path) for path in workflow.overwrite_configfiles]
    base = given[-1].resolve().parent if given else ROOT / "config"
    try:
        for path in given:
            read_yaml(path)
        mapping = config_of(mapping) if is_state(mapping) else mapping
        config = load_config({key: value for key, value in mapping.items() if key not in ASKED_ABOUT}, base)
        reading = bool(commandline.targets(sys.argv[1:], READERS))
        main = workflow.is_main_process
        prepared = Setup(config, base, reading, main)
        if main and not reading:
            raise_errors(prepared.inputs())
    except SwathError as error:
        stop(str(error))
    _environment(config)
    _quote_python()
    _bound_archive(workflow)
    if main:
        _listen(prepared.word)
        hush(workflow.output_settings, bool(commandline.targets(sys.argv[1:], TOOLS)))
    return prepared


def _bound_archive(workflow: Any) -> None:
    """One job at a time talks to an archive, by as many connections as the config says, unless the user asks for more.

    Not in the profile: any `--resources` on the command line would take the place of the profile's.
    """
    from snakemake.resources import Resource

    workflow.global_resources.setdefault("archive", Resource("archive", 1))


def _listen(word: LastWord) -> None:
    """Let Snakemake tell which jobs fail, and speak when the process ends."""
    from snakemake.logging import logger

    logging.raiseExceptions = False  # a log on a full disk: what matters is said by the last word
    logger.addHandler(word)
    atexit.register(word.speak)


def _quote_python() -> None:
    """Let Snakemake find the interpreter in a folder whose name has a space: it puts the path into shell commands."""
    if shlex.quote(sys.executable) != sys.executable and Path(sys.executable).exists():
        sys.executable = shlex.quote(sys.executable)


def _environment(config: Config) -> None:
    """What jobs inherit: the checkout on the module path, one thread each, and where to log."""
    package = str(ROOT / "workflow")
    paths = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path and path != package]
    os.environ["PYTHONPATH"] = os.pathsep.join([package, *paths])
    # Threaded linear algebra sums in another order for another number of cores: one thread, the same bytes.
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    log = canonical(config.log)
    if log["file"] == "auto":
        log["file"] = f"{config.results}/{{tile}}/run.log"
    os.environ["SWATH_LOG"] = json.dumps(log)
