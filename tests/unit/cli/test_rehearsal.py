"""Given a folder, a rehearsal empties only its own and writes nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from toros.cli import rehearsal
from toros.cli.rehearsal import MARK, private_environment, take_folder
from toros.errors import ConfigurationError


def test_a_folder_that_is_not_a_demos_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("ten years")
    with pytest.raises(ConfigurationError, match="--folder"):
        take_folder(tmp_path)
    assert (tmp_path / "thesis.tex").exists()


def test_an_earlier_demo_is_cleared_but_for_its_caches(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").touch()
    demo = tmp_path / "demo"
    for name in ("state/raw", "cache"):
        (demo / name).mkdir(parents=True)
    (demo / MARK).touch()
    (demo / "link").symlink_to(outside)
    take_folder(demo)
    assert sorted(path.name for path in demo.iterdir()) == [MARK, "cache"]
    assert (outside / "precious").exists()


def test_a_folder_is_ours_from_the_first_moment(tmp_path: Path) -> None:
    take_folder(tmp_path / "new" / "demo")
    (tmp_path / "new" / "demo" / "cut off").touch()
    take_folder(tmp_path / "new" / "demo")
    assert [path.name for path in (tmp_path / "new" / "demo").iterdir()] == [MARK]


def test_an_earlier_night_can_be_kept_but_a_node_is_not_taken_for_one(tmp_path: Path) -> None:
    take_folder(tmp_path / "demo")
    (tmp_path / "demo" / "state").mkdir()
    take_folder(tmp_path / "demo", keep=True)
    assert (tmp_path / "demo" / "state").exists()
    (tmp_path / "toros.conf.yaml").touch()
    with pytest.raises(ConfigurationError, match="not an earlier demo's"):
        take_folder(tmp_path, keep=True)


def test_daemons_keep_caches_in_the_folder_and_know_nothing_of_our_node(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOROS_STATE", "/var/lib/toros")
    monkeypatch.setenv("TOROS_TOKEN", "secret")
    environment = private_environment(tmp_path)
    assert not [name for name in environment if name.startswith("TOROS_")]
    places = [environment[name] for name in ("TMPDIR", "MPLCONFIGDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME")]
    assert all(Path(place).is_dir() and Path(place).is_relative_to(tmp_path) for place in places)


@pytest.mark.parametrize("ready", [True, False])
def test_kernels_that_lie_ready_are_not_compiled_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ready: bool
) -> None:
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setattr(rehearsal, "_compiled_beside_the_code", lambda: ready)
    assert ("NUMBA_CACHE_DIR" in private_environment(tmp_path)) != ready
