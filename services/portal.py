"""The portal: shows the network, its orders and its products to people with a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

from toros.network.service import Service

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.routing import BaseRoute

    from toros.config import Config

__all__ = ["SERVICE"]


def pages(config: Config) -> Sequence[BaseRoute]:
    """Return the portal's pages, served beside its desk."""
    from toros.portal.pages import routes

    return routes(config)


SERVICE = Service("portal", pages=pages)
