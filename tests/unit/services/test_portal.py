"""The portal's daemon: the requests of every desk, and pages beside them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from services.portal import SERVICE
from toros.config import Config
from workorders import VOCABULARY


def test_it_serves_the_requests_of_every_desk_and_pages() -> None:
    assert not SERVICE.handlers
    assert not [name for name, request in VOCABULARY.items() if request.desk == "portal"]


def test_its_pages_are_routes_that_only_read(tmp_path: Path) -> None:
    assert SERVICE.pages is not None
    routes = SERVICE.pages(Config(state=tmp_path))
    assert [route.path for route in routes] == [  # type: ignore[attr-defined]
        "/", "/orders/{order_id}", "/products", "/pictures/{location:path}", "/static/{name}",
    ]  # fmt: skip
    assert all(route.methods <= {"GET", "HEAD"} for route in routes)  # type: ignore[attr-defined]


def test_loading_it_brings_no_science_and_no_database() -> None:
    heavy = "{'astropy', 'numpy', 'matplotlib', 'ccdproc', 'scipy', 'sqlalchemy', 'PIL'}"
    code = f"import sys, services.portal as p, toros.portal.pages; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"
