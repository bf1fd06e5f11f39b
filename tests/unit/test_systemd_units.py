"""The units are valid, hardened, and there is one a daemon."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from workorders import DESKS

UNITS = Path(__file__).resolve().parents[2] / "systemd"
needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="needs systemd-analyze: apt-get install systemd"
)


@pytest.mark.parametrize("desk", DESKS)
def test_every_daemon_has_its_unit_and_the_target_wants_it(desk: str) -> None:
    unit = (UNITS / f"toros-{desk}.service").read_text("utf-8")
    assert f"toros serve {desk}\n" in unit
    assert f"toros-{desk}.service" in (UNITS / "toros.target").read_text("utf-8")


def test_no_unit_without_a_daemon() -> None:
    assert {u.stem.removeprefix("toros-") for u in UNITS.glob("*.service")} == set(DESKS)


@needs_systemd
@pytest.mark.parametrize("desk", DESKS)
def test_unit_is_hardened(desk: str) -> None:
    unit = UNITS / f"toros-{desk}.service"
    verdict = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=20", str(unit)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert verdict.returncode == 0, verdict.stdout[-400:] + verdict.stderr


@needs_systemd
def test_units_verify(tmp_path: Path) -> None:
    for unit in UNITS.iterdir():
        text = unit.read_text("utf-8").replace("/opt/toros/bin/toros", shutil.which("true") or "/bin/true")
        (tmp_path / unit.name).write_text(text, "utf-8")
    verdict = subprocess.run(
        ["systemd-analyze", "verify", *map(str, sorted(tmp_path.iterdir()))],
        capture_output=True,
        text=True,
        check=False,
        env={"SYSTEMD_UNIT_PATH": f"{tmp_path}:", "PATH": "/usr/bin:/bin"},
    )
    ours = [line for line in verdict.stderr.splitlines() if "toros" in line]
    assert verdict.returncode == 0, verdict.stderr
    assert ours == []
