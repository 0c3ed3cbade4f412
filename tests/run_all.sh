#!/usr/bin/env bash
# Format, lint, generated documents, tests. Needs the packages of envs/lock-test.txt.
set -euo pipefail
cd "$(dirname "$0")/.."
unset PYTHONPATH
ruff format --check .
ruff check .
snakefmt --check Snakefile workflow/rules
snakemake --lint
PYTHONPATH=workflow python -m swath.docs --check
export OMP_NUM_THREADS=1
python -m pytest -n 2 --dist loadfile "$@"
