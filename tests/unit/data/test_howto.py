"""The processor and the hook of the how-to do what it says."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import yaml

from tests.support.installed import Install, installing
from toros.config import Config
from toros.data.hooks import Happening, filled, hooks_on, load_hook
from toros.data.processing import read_file
from toros.data.processors.options import PhotometryOptions
from toros.data.processors.reading import Reading
from workorders import parse

__all__ = ["installing"]

PAGE = (Path(__file__).parents[3] / "docs" / "howto" / "write_a_processor.rst").read_text()
HAPPENED = Happening("target_saved", "ID", "add_target", "ada", "2026-11-20T03:00:00", {"target": 7, "name": "M 31"},
                     {"ra": 10.7, "dec": 41.3})  # fmt: skip


def block(name: str) -> str:
    """Return a block of the page."""
    found = re.search(rf":name: {name}\n\n((?:   .*\n|\n)+)", PAGE)
    assert found is not None
    return textwrap.dedent(found[1]).strip() + "\n"


def entry_points(group: str) -> dict[str, str]:
    found = re.search(rf'"toros.{group}"\]\n   "([\w.]+)" = "([\w.:]+)"', PAGE)
    assert found is not None
    return {found[1]: found[2]}


def lines(code: str) -> int:
    return sum(bool(line.strip()) for line in code.splitlines())


def test_the_processor(tmp_path: Path, installing: Install) -> None:
    code = block("processor")
    assert lines(code) <= 10
    entries = {"toros.processors": entry_points("processors")}
    installing("our_photometer", code, entries)
    file = tmp_path / "night.txt"
    file.write_text("; JD filter magnitude\n2461365.52 V 14.31 +- 0.02\n2461365.53 V cloud +- 0.02\n")
    reading = read_file(file, "photometer", PhotometryOptions())
    assert isinstance(reading, Reading)
    assert reading.points.value.tolist() == [14.31] and reading.points.about[0].band == "V"
    assert reading.problems.summary()["problems"] == ["line 3: magnitude 'cloud' is not a number"]


def test_the_hook(tmp_path: Path, installing: Install) -> None:
    code = block("hook")
    assert lines(code) <= 10
    code = code.replace("/tmp/targets.txt", str(tmp_path / "targets.txt"))
    entries = {"toros.hooks": entry_points("hooks")}
    installing("our_hooks", code, entries)
    hook = load_hook("target_saved", "note", Config().hooks)
    assert callable(hook)
    hook(HAPPENED)
    assert (tmp_path / "targets.txt").read_text() == "2026-11-20T03:00:00 ada: M 31 is target 7\n"


def test_the_configured_hooks() -> None:
    hooks = Config.model_validate(yaml.safe_load(block("configured"))).hooks
    assert hooks_on("target_saved", hooks) == ["chat", "look"]
    order = parse(filled(hooks.calls[1].order, HAPPENED))
    assert order.body().items() >= {"request": "observation", "target": "M 31", "ra": 10.7, "dec": 41.3}.items()
