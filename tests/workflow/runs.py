"""Real runs of the workflow, in folders of their own."""

import os
import re
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
TILE = "results/tiny480"


class Run:
    """A working directory with its config."""

    def __init__(self, folder: Path, config: dict | None = None, root: Path = ROOT) -> None:
        self.folder, self.root = folder, root
        folder.mkdir(parents=True, exist_ok=True)
        self.config = folder / "my config.yaml"
        self.output = ""  # of the run that made the products, where a test may want it
        self.write(config)

    def write(self, config: dict | None) -> None:
        """Write the config: the shipped one with `config` laid over it; input paths become absolute."""
        base = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))
        inputs = base["inputs"]
        for key in ("image_list", "catalog", "gaia"):
            inputs[key] = str(ROOT / "config" / inputs[key])
        merged = overlay(base, config or {})
        self.config.write_text(yaml.safe_dump(merged, sort_keys=False), encoding="utf-8")

    def command(self, *arguments: str, cores: int = 2) -> list[str]:
        """The command line that runs Snakemake here."""
        command = [sys.executable, "-m", "snakemake", "-s", str(self.root / "Snakefile")]
        place = ["--directory", str(self.folder), "--configfile", str(self.config)]
        return [*command, *place, "--cores", str(cores), *arguments]

    def snakemake(
        self, *arguments: str, cores: int = 2, check: bool = True, modules: str = ""
    ) -> subprocess.CompletedProcess:
        """Run Snakemake here; stdout holds both streams. `modules` is PYTHONPATH."""
        command = self.command(*arguments, cores=cores)
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        environment |= {"PYTHONPATH": modules} if modules else {}
        done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=self.folder, check=False)
        done.stdout += done.stderr
        if check:
            assert done.returncode == 0, done.stdout[-6000:]
        return done

    def planned(self, *arguments: str) -> dict[str, int]:
        """What a dry run would do: rule -> number of jobs; empty when there is nothing to do."""
        text = self.snakemake("-n", *arguments).stdout
        if "Nothing to be done" in text:
            return {}
        table = text.split("Job stats:")[1].split("total")[0]
        return {name: int(count) for name, count in re.findall(r"^(\w+) +(\d+)$", table, re.MULTILINE)}

    def path(self, name: str) -> Path:
        """A product of the tile."""
        return self.folder / TILE / name


def overlay(base: dict, top: dict) -> dict:
    """`base` with the values of `top`, section by section."""
    merged = dict(base)
    for key, value in top.items():
        merged[key] = (
            overlay(base[key], value) if isinstance(value, dict) and isinstance(base.get(key), dict) else value
        )
    return merged
