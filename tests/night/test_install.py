"""`scripts/install --prefix` makes a node that runs, in a folder and nowhere else."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import tempfile
from pathlib import Path

import pytest
import yaml

from workorders import DESKS

REPOSITORY = Path(__file__).resolve().parents[2]


PRETENDED = """#!/bin/sh
printf '%s\\n' "$*" "$(id -un)" "$PWD" "$HOME" "$NUMBA_CACHE_DIR" > "$NUMBA_CACHE_DIR/told"
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root works as somebody else")
def test_kernels_are_compiled_by_the_one_who_uses_them() -> None:
    with tempfile.TemporaryDirectory() as name:  # pytest's own folders are closed to others
        folder = Path(name)
        folder.chmod(0o755)
        python, cache = folder / "python", folder / "cache" / "numba"
        python.write_text(PRETENDED, encoding="utf-8")
        python.chmod(0o755)
        command = f"source scripts/_setup && warm_kernels {python} {cache} nobody"
        subprocess.run(["bash", "-euc", command], check=True, capture_output=True, cwd=REPOSITORY)
        told = (cache / "told").read_text("utf-8").splitlines()
        assert {path.owner() for path in (cache, cache.parent, cache / "told")} == {"nobody"}
    assert told == ["-m toros.reduction.warm", "nobody", *[str(cache)] * 3]


@pytest.mark.parametrize(("base", "refused"), [("/home/ann/.pyenv/versions/3.12.1", True), ("/usr", False)])
def test_a_python_in_a_home_is_refused_before_anything_is_made(tmp_path: Path, base: str, refused: bool) -> None:
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\necho {base}\n", encoding="utf-8")
    python.chmod(0o755)
    command = f"source scripts/_setup && PYTHON={python} && check_system_python"
    done = subprocess.run(["bash", "-euc", command], capture_output=True, text=True, cwd=REPOSITORY, check=False)
    assert done.returncode == (1 if refused else 0)
    assert (base in done.stderr) is refused


def check_kernels(prefix: Path, environment: dict[str, str]) -> None:
    """See that the preprocessor finds every kernel compiled where its unit has it look."""
    unit = (prefix / "etc/systemd/system/toros-preprocessor.service").read_text("utf-8")
    said = dict(pair.split("=", 1) for line in re.findall(r"^Environment=(.*)$", unit, re.M) for pair in line.split())
    cache = Path(said["NUMBA_CACHE_DIR"])
    assert cache.is_relative_to(prefix)
    kept = {path: path.stat().st_mtime_ns for path in cache.rglob("*.nb?")}
    assert len(kept) > 10
    subprocess.run(
        [prefix / "opt/toros/bin/python", "-m", "toros.reduction.warm"],
        check=True, capture_output=True, cwd=prefix, env={**environment, **said},
    )  # fmt: skip
    assert {path: path.stat().st_mtime_ns for path in cache.rglob("*.nb?")} == kept
    assert not list((prefix / "opt").rglob("*.nb?")), "what is beside the program is not renewed by the services"


@pytest.mark.long
def test_a_node_is_installed_into_a_folder_twice(tmp_path: Path) -> None:
    prefix = tmp_path / "node"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TOROS_")}
    for _ in range(2):
        done = subprocess.run(
            [REPOSITORY / "scripts" / "install", "--prefix", prefix],
            capture_output=True, text=True, check=False, env=environment,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
    file = prefix / "etc/toros/toros.conf.yaml"
    settings = yaml.safe_load(file.read_text("utf-8"))
    assert settings["state"] == str(prefix / "var/lib/toros")
    assert settings["security"]["authentication"] is True
    assert (prefix / "etc/toros/logs").resolve() == prefix / "var/log/toros"
    for desk in DESKS:
        token = prefix / "var/lib/toros/tokens" / f"{desk}.token"
        assert stat.S_IMODE(token.stat().st_mode) == 0o600
        unit = (prefix / "etc/systemd/system" / f"toros-{desk}.service").read_text("utf-8")
        assert f"ExecStart={prefix}/opt/toros/bin/toros serve {desk}\n" in unit
    check_kernels(prefix, environment)
    check = subprocess.run(
        [prefix / "opt/toros/bin/toros", "doctor", "--config", file],
        capture_output=True, text=True, check=False, env=environment, cwd=tmp_path,
    )  # fmt: skip
    assert "is well formed" in check.stdout
    assert "database telescope" in check.stdout
