"""What the rules depend on: the page's scripts and styles count as code of the page, and of nothing else."""

import subprocess
import sys
from pathlib import Path

from swath.provenance.code import modules

ROOT = Path(__file__).parents[2]
PARTS = {
    "page_app.js",
    "page_catalog.js",
    "page_data.js",
    "page_body.html",
    "page_detail.js",
    "page_filter.js",
    "page_hints.js",
    "page_sky.js",
    "page_style.css",
    "page_view.js",
}


def test_scripts_and_styles_are_code_of_the_page_alone():
    assert {path.name for path in modules(ROOT / "scripts/explore.py")} >= PARTS
    assert not {path.name for path in modules(ROOT / "scripts/stamps.py")} & PARTS
    assert {path.name for path in (ROOT / "workflow/swath/explore").iterdir() if path.name.startswith("page_")} == PARTS


def test_stamps_start_without_drawing_libraries():
    """They are made patch by patch: a second of imports each would cost more than the stamps."""
    script = (
        "import sys, swath.explore.stamps; print([m for m in ('matplotlib', 'bokeh', 'pandas') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT / "workflow"
    )
    assert done.stdout.strip() == "[]"
