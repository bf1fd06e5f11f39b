"""The harvester: will fetch what the archives already know; this version answers only what every desk does.

Its requests are known by name and refused as "not served by this version" (`workorders.vocabulary.PLANNED`).
"""

from __future__ import annotations

from toros.network.service import Service

__all__ = ["SERVICE"]

SERVICE = Service("harvester")
