"""Heavy work on a Dask cluster."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from toros.errors import ChildDied, ConfigurationError, Temporary
from toros.network.engine.base import Stop

if TYPE_CHECKING:
    from toros.config import EngineSettings

__all__ = ["DaskPool"]

T = TypeVar("T")
LOOK = 0.2  # seconds between two looks at whether a piece of work should end early
CONNECT = 5.0  # seconds for the scheduler to answer
WIDTH = 64  # pieces of one order that are on the cluster at once; the scheduler shares them out


class DaskPool:
    """A Dask cluster, reached when there is work for it.

    The cluster's own limits hold: `--memory-limit` and nannies for its workers. Dask cannot end a piece that runs, so
    at the wall limit it is given up and its answer ignored.

    Parameters
    ----------
    settings : EngineSettings
        `scheduler` and `wall` are used.
    """

    width = WIDTH

    def __init__(self, settings: EngineSettings) -> None:
        if not settings.scheduler:
            raise ConfigurationError("engine.kind is dask: engine.scheduler must name it, such as tcp://10.0.0.5:8786")
        self._scheduler = settings.scheduler
        self._wall = settings.wall
        self._lock = threading.Lock()
        self._client: Any = None  # distributed's Client, which has no types

    def do(self, function: Callable[..., T], args: Sequence[Any], kwargs: dict[str, Any], stop: Stop) -> T:
        """Do one piece of work on the cluster."""
        from distributed import KilledWorker
        from distributed import TimeoutError as NotYet

        future = self._connected().submit(function, *args, **kwargs, pure=False)
        limit = time.monotonic() + self._wall
        try:
            while True:
                over = future.done()
                try:
                    value: T = future.result(timeout=self._wall if over else LOOK)
                    return value
                except NotYet:
                    if over:  # the work itself raised a TimeoutError
                        raise
                ended = stop()
                if ended is not None:
                    raise ended
                if time.monotonic() > limit:
                    raise ChildDied(f"the work took longer than {self._wall:g} s and was given up")
        except KilledWorker:
            raise ChildDied("the workers of the cluster died while doing this work") from None
        finally:
            if not future.done():
                future.cancel(force=True)

    def make_ready(self, function: Callable[..., object], *args: Any) -> None:
        """Do nothing: the cluster's workers are there already, and keep what they have loaded."""

    def close(self) -> None:
        """Leave the cluster."""
        with self._lock:
            if self._client is not None:
                self._client.close(timeout=2)
                self._client = None

    def _connected(self) -> Any:
        import distributed

        with self._lock:
            if self._client is None:
                try:
                    connect: Any = distributed.Client
                    self._client = connect(self._scheduler, timeout=CONNECT, set_as_default=False, name="toros")
                except OSError as error:
                    raise Temporary(f"the Dask scheduler {self._scheduler} does not answer: {error}") from None
            return self._client
