"""The documentation is complete, builds without warnings, and the configuration file is what the settings say."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from toros.config import Config, ServiceSettings, load_config
from toros.config.commented import commented_configuration
from workorders import VOCABULARY, FaultCode
from workorders.vocabulary import PLANNED

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
COMMANDS = """
    run serve submit status orders cancel retry describe doctor init demo report alert alerts camera target observation
    data user galaxies
"""
CONFIGURATION = ROOT / "conf" / "toros.conf.yaml"


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the generated pages."""
    folder = tmp_path_factory.mktemp("reference")
    program = f"from pathlib import Path; from generate import write_reference; write_reference(Path({str(folder)!r}))"
    subprocess.run([sys.executable, "-c", program], cwd=DOCS, check=True)
    return folder


def _keys(values: Any, at: str = "") -> Iterator[str]:
    """Yield the dotted key of every value that is no section."""
    if isinstance(values, dict) and values:
        for name, value in values.items():
            yield from _keys(value, f"{at}.{name}" if at else name)
    else:
        yield at


def _sections() -> Iterator[tuple[str, type[BaseModel]]]:
    yield "services", ServiceSettings
    for name, info in Config.model_fields.items():
        if isinstance(info.annotation, type) and issubclass(info.annotation, BaseModel):
            yield name, info.annotation


def test_the_configuration_file_is_what_the_settings_say() -> None:
    assert CONFIGURATION.read_text() == commented_configuration({}), "run: python docs/generate.py conf"


def test_the_configuration_file_holds_every_key_with_exactly_its_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TOROS_STATE", raising=False)
    written = yaml.safe_load(CONFIGURATION.read_text())
    defaults = Config().model_dump(mode="json")
    assert sorted(_keys(written)) == sorted(_keys(defaults))
    assert load_config(CONFIGURATION) == Config()


def test_every_key_of_the_configuration_file_is_explained() -> None:
    text = " ".join(CONFIGURATION.read_text().replace("#", " ").split())
    for name, section in _sections():
        for key, info in section.model_fields.items():
            assert info.description, f"{name}.{key} has no description"
            assert " ".join(info.description.split()) in text, f"{name}.{key} is not explained"


@pytest.mark.parametrize("name", [name for name, _ in _sections()])
def test_every_number_of_the_settings_has_a_unit_and_bounds(name: str) -> None:
    units = (
        r"bytes|seconds|days|hours|degrees|metres|pixels?\b|electrons|arcseconds|MiB|megaparsec|frames|tries"
        r"|port|connections|processes|seed|probability|pieces of work"
    )
    section = dict(_sections())[name]
    for key, schema in section.model_json_schema()["properties"].items():
        if schema.get("type") in ("integer", "number"):
            assert re.search(units, schema["description"]), f"{name}.{key} has no unit"
            assert {"minimum", "exclusiveMinimum"} & set(schema), f"{name}.{key} has no least value"
            assert {"maximum", "exclusiveMaximum"} & set(schema), f"{name}.{key} has no greatest value"


def test_changes_are_written_so_that_they_are_read_again(tmp_path: Path) -> None:
    changes = {
        "state": tmp_path / "a folder: with {odd} #name",
        "services": {"telescope": {"port": 9000, "name": "ctmo", "workers": {"camera": 2}}},
        "logging": {"file": "logs/{service}.log", "level": "DEBUG"},
        "observatory": {"name": "no", "longitude": 10},
        "security": {"hosts": ["a.example.org", "1.2.3.4"], "token_file": Path("t.token")},
        "admin_emails": ["a@b.org"],
        "files": {"roots": {"raw": Path("/data/raw"), "archive": "yes"}},
    }
    file = tmp_path / "toros.conf.yaml"
    file.write_text(commented_configuration(changes))
    assert load_config(file) == Config.model_validate({**changes, "state": str(changes["state"])})


def test_every_request_is_in_the_reference(reference: Path) -> None:
    page = (reference / "requests.rst").read_text()
    for name, request in VOCABULARY.items():
        start = page.index(f"\n{name}\n~")
        own = page[start : page.find(".. _request-", start)]
        assert request.summary.replace("`", "``") in own and f"request: {name}" in own
        for field in request.model.__annotations__:
            assert field == "request" or f"``{field}``" in own, f"{name}.{field} is not in the reference"
    assert all(f"``{name}``" in page for name in PLANNED)


def test_every_setting_is_in_the_reference(reference: Path) -> None:
    page = (reference / "settings.rst").read_text()
    for name, section in _sections():
        start = page.index(f"\n{name}\n-")
        for key in section.model_fields:
            assert f"``{key}``" in page[start:], f"{name}.{key} is not in the reference"
    assert "``state``" in page and "``admin_emails``" in page


def test_every_fault_is_in_the_reference(reference: Path) -> None:
    page = (reference / "faults.rst").read_text()
    assert all(f"{int(code)}\n     - ``{code.name}``" in page for code in FaultCode)


def test_the_pages_build_without_a_warning(tmp_path: Path) -> None:
    pytest.importorskip("sphinx", reason="the docs extra is not installed")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-d", str(tmp_path / "trees")]
    done = subprocess.run([*command, str(DOCS), str(tmp_path / "html")], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "html" / "reference" / "settings.html").exists()


@pytest.mark.parametrize("page", sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.rst")))
def test_what_the_pages_name_exists(page: str) -> None:
    text = (DOCS / page).read_text()
    for path in re.findall(r"``((?:conf|docs|scripts|systemd|tests|toros|services|workorders)/[\w./-]+)``", text):
        placeholder = any(part.isupper() for part in re.split(r"[/.]", path))
        assert placeholder or (ROOT / path).exists(), f"{page} names {path}, which does not exist"
    for command in re.findall(r"(?:\$ |``)toros (\w+)", text):
        assert command in COMMANDS.split(), f"{page} names toros {command}"
    for request in re.findall(r"toros submit (\w+)", text):
        assert request in VOCABULARY


def test_a_release_gathers_every_fragment_and_loses_none(tmp_path: Path) -> None:
    for name in ("scripts/release-notes", "CHANGES.rst", "changes"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        (tmp_path / name).parent.mkdir(exist_ok=True)
        copy(ROOT / name, tmp_path / name)
    release = [sys.executable, tmp_path / "scripts/release-notes", "1.0", "2027-01-01"]
    (tmp_path / "changes" / "odd.bug.rst").write_text("An odd one.\n")
    refused = subprocess.run(release, capture_output=True, text=True)
    assert (refused.returncode, "odd.bug.rst" in refused.stderr) == (1, True)
    (tmp_path / "changes" / "odd.bug.rst").unlink()
    said = [" ".join(path.read_text().split()) for path in sorted((tmp_path / "changes").glob("*.rst"))]
    subprocess.run(release, check=True)
    assert all(text in (tmp_path / "CHANGES.rst").read_text() for text in said)
    assert not list((tmp_path / "changes").glob("*.rst"))
