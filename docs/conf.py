"""How sphinx builds these pages: `sphinx-build -W docs docs/_build/html`."""

from __future__ import annotations

import sys
from importlib.metadata import version as installed
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from generate import write_reference  # noqa: E402

write_reference(HERE / "reference")

project = "TOROS"
author = "The TOROS team"
copyright = "The TOROS team, GPL-3.0-or-later"  # noqa: A001 - sphinx asks for this name
release = version = installed("toros")
language = "en"

exclude_patterns = ["_build"]
highlight_language = "none"
nitpicky = True

html_theme = "alabaster"
html_theme_options = {
    "description": "The software of a transient follow-up observatory",
    "fixed_sidebar": True,
    "page_width": "1080px",
    "sidebar_width": "220px",
}
html_show_sourcelink = False
