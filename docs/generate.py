"""Write what is made from the code: the pages of the reference, and conf/toros.conf.yaml.

Sphinx calls `write_reference` before it reads the pages. By hand::

    python docs/generate.py            # the reference, into docs/reference
    python docs/generate.py conf       # conf/toros.conf.yaml, after a setting was added or changed
"""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from generating.faults import faults_page  # noqa: E402
from generating.requests import requests_page  # noqa: E402
from generating.settings import settings_page  # noqa: E402

from toros.config.commented import commented_configuration  # noqa: E402

__all__ = ["write_reference"]


def write_reference(folder: Path) -> None:
    """Write the generated pages into a folder, touching only those that changed."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in (("requests", requests_page()), ("settings", settings_page()), ("faults", faults_page())):
        page = folder / f"{name}.rst"
        if not page.exists() or page.read_text(encoding="utf-8") != text:
            page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:] == ["conf"]:
        (HERE.parent / "conf" / "toros.conf.yaml").write_text(commented_configuration({}), encoding="utf-8")
    else:
        write_reference(HERE / "reference")
