"""A rehearsal: all daemons on this machine, in a folder of their own, on ports that are free."""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toros.errors import ConfigurationError, TorosError

if TYPE_CHECKING:
    from toros.cli.desks import Desks
    from toros.config import Config
    from toros.network.supervisor import Supervisor

__all__ = ["Rehearsal", "private_environment", "take_folder"]

MARK = ".toros-demo"  # says that a folder is ours to empty
CACHE = "cache"  # what makes a second night quicker
CLOCK_RATE = 600.0  # seconds of exposure in a real second
SEVERE = (" WARNING ", " ERROR ", " CRITICAL ", "ended (", "has not drained", "cannot be started", "Traceback")


class Rehearsal:
    """Six daemons and what they need; a context that leaves nothing running.

    Parameters
    ----------
    folder : Path
        Where everything is written; see `take_folder`.
    seed : int
        Of the simulated sky and noise.
    changes : mapping, optional
        Settings other than those of a rehearsal, nested like the file.
    tell : callable, optional
        Called with every line of a daemon that is a warning or worse.

    Attributes
    ----------
    config : Config
        Of the node, once it is made.
    supervisor : Supervisor
    """

    config: Config
    supervisor: Supervisor

    def __init__(
        self,
        folder: Path,
        *,
        seed: int = 1,
        changes: Mapping[str, Any] | None = None,
        tell: Callable[[str, str], None] = lambda _name, _line: None,
    ) -> None:
        self.folder = folder.expanduser().absolute()
        self._seed = seed
        self._changes = dict(changes or {})
        self._tell = tell
        self._lock = threading.Lock()

    @property
    def log(self) -> Path:
        """Everything that the daemons said."""
        return self.folder / "daemons.log"

    @property
    def desks(self) -> Desks:
        """The desks of these daemons."""
        from toros.cli.desks import Desks

        return Desks(self.config)

    def __enter__(self) -> Rehearsal:
        from toros.cli.running import serve_commands
        from toros.config import load_config
        from toros.network.supervisor import Supervisor

        file = self._make()
        self.config = load_config(file)
        commands = serve_commands(list(self.config.services), file)
        self.supervisor = Supervisor(commands, say=self._say, environment=private_environment(self.folder))
        self.supervisor.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.codes = self.supervisor.stop()

    def wait_until_ready(self, timeout: float = 60.0) -> None:
        """Wait until every daemon serves; raise TorosError with who does not."""
        if self.supervisor.wait_until_ready(timeout):
            return
        late = ", ".join(state.name for state in self.supervisor.states() if state.phase != "ready")
        raise TorosError(f"not ready after {timeout:g} s: {late}; see {self.log}")

    def _make(self) -> Path:
        """Write the configuration, with ports that are free now."""
        from toros.cli.init import make_node
        from toros.cli.ports import free_ports
        from workorders import DESKS

        file = self.folder / "toros.conf.yaml"
        file.unlink(missing_ok=True)
        ports = dict(zip(DESKS, free_ports(len(DESKS)), strict=True))
        changes: dict[str, Any] = {
            "services": {name: {"port": port} for name, port in ports.items()},
            "camera": {"clock_rate": CLOCK_RATE, "seed": self._seed},
        }
        for name, change in self._changes.items():
            changes[name] = {**changes.get(name, {}), **change}
        made = make_node(self.folder, authentication=False, changes=changes)
        return Path(made["configuration"])

    def _say(self, name: str, line: str) -> None:
        with self._lock, self.log.open("a", encoding="utf-8") as log:
            log.write(f"{time.strftime('%H:%M:%S')} {name:<12} {line}\n")
        if any(word in line for word in SEVERE):
            self._tell(name, line)


def private_environment(folder: Path) -> dict[str, str]:
    """Return the environment in which libraries keep their caches and temporary files in a folder."""
    cache = folder / CACHE
    places = {
        "XDG_CACHE_HOME": cache, "XDG_CONFIG_HOME": cache / "config", "MPLCONFIGDIR": cache / "matplotlib",
        "ASTROPY_CACHE_DIR": cache / "astropy", "ASTROPY_CONFIG_DIR": cache / "config" / "astropy",
        "TMPDIR": cache / "tmp",
    }  # fmt: skip
    if not _compiled_beside_the_code():
        places["NUMBA_CACHE_DIR"] = cache / "numba"
    for place in places.values():
        place.mkdir(parents=True, exist_ok=True)
    others = {name: value for name, value in os.environ.items() if not name.startswith("TOROS_")}
    return {**others, **{name: str(place) for name, place in places.items()}}


def _compiled_beside_the_code() -> bool:
    """True where the kernels lie ready beside their modules, as the scripts leave them: half a minute is saved."""
    kept = Path(__file__).parents[1] / "reduction" / "__pycache__"
    return any(kept.glob(f"*.py{sys.version_info.major}{sys.version_info.minor}.nbi"))


def take_folder(folder: Path, *, keep: bool = False) -> None:
    """Make a folder ours, and empty it of an earlier rehearsal, but for its caches, unless that is kept.

    Raises
    ------
    ConfigurationError
        There is something in it that no rehearsal has made.
    """
    folder = folder.expanduser().absolute()
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()) and not (folder / MARK).exists():
        raise ConfigurationError(f"{folder} is not empty and not an earlier demo's: name another with --folder")
    (folder / MARK).touch()
    for path in folder.iterdir():
        if keep or path.name in (MARK, CACHE):
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
