"""Where heavy work runs: child processes of this machine, or a Dask cluster."""

from toros.network.engine.base import EngineForOrder, Pool, make_engine

__all__ = ["EngineForOrder", "Pool", "make_engine"]
