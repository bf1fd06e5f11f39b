"""The portal's pages: the network now, one tree of orders, the products, and their pictures."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from importlib import resources
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from starlette.responses import Response
from starlette.routing import Route

from toros.errors import TorosError
from toros.portal.gathering import Ask, Reply, ask_desk, ask_desks, gather_rows
from toros.portal.pictures import Pictures
from toros.portal.rendering import environment
from toros.portal.snapshot import LATEST, Kept, look_at_desks
from toros.portal.story import tree_of
from toros.portal.tree import build_forest, find_node

if TYPE_CHECKING:
    from starlette.requests import Request

    from toros.config import Config

__all__ = ["Pages", "routes"]

log = logging.getLogger(__name__)

TREES = 25  # shown on the overview
PRODUCTS = 50  # on a page
LONGEST = 128  # characters of what may be asked in an address
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
STATIC = {"portal.css": "text/css", "portal.js": "text/javascript", "icon.svg": "image/svg+xml"}
FILTERS = ("event", "target", "night", "batch", "product_type", "observation")


def routes(config: Config) -> Sequence[Route]:
    """Return the portal's web routes."""
    return Pages(config).routes()


class Pages:
    """The pages of one portal.

    Parameters
    ----------
    config : Config
        Where the desks are and the roots of the pictures.
    ask : callable, optional
        How a desk is asked.
    now : callable, optional
        The time; UTC.
    """

    def __init__(self, config: Config, *, ask: Ask = ask_desk, now: Callable[[], datetime] | None = None) -> None:
        self._config = config
        self._ask = ask
        self._now = now or partial(datetime.now, UTC)
        self._pictures = Pictures(config)
        self._templates = environment()
        self._static = {name: (resources.files("toros.portal") / "static" / name).read_bytes() for name in STATIC}
        self._desks = Kept(lambda: look_at_desks(config, self._now, ask=ask))
        self._latest = Kept(lambda: gather_rows(config, limit=LATEST, ask=ask))

    def routes(self) -> list[Route]:
        """Return the routes; every one only reads."""
        return [
            Route("/", self.overview, methods=["GET"]),
            Route("/orders/{order_id}", self.order, methods=["GET"]),
            Route("/products", self.products, methods=["GET"]),
            Route("/pictures/{location:path}", self.picture, methods=["GET"]),
            Route("/static/{name}", self.static, methods=["GET"]),
        ]

    def overview(self, request: Request) -> Response:
        """Show each desk and the latest trees of orders."""
        forest = build_forest(self._latest.get().rows)
        trees = [tree_of(node) for node in forest[:TREES]]
        return self._page(request, "overview", desks=self._desks.get(), trees=trees, more=len(forest) > TREES)

    def order(self, request: Request) -> Response:
        """Show one order and all that it has caused."""
        order_id = str(request.path_params["order_id"])[:LONGEST]
        gathering = gather_rows(self._config, root=order_id, limit=5000, ask=self._ask)
        node = find_node(build_forest(gathering.rows), order_id)
        if node is None:
            return self._page(request, "missing", 404, order_id=order_id, silent=gathering.silent)
        return self._page(request, "order", node=node, tree=tree_of(node), silent=gathering.silent)

    def products(self, request: Request) -> Response:
        """Show the products, the latest first, a page at a time."""
        asked = {name: request.query_params.get(name, "").strip()[:LONGEST] for name in FILTERS}
        asked = {name: value for name, value in asked.items() if value}
        question: dict[str, Any] = {"request": "find_products", "limit": PRODUCTS, **asked}
        before = request.query_params.get("before", "")
        question["before"] = int(before) if before.isascii() and before.isdigit() and len(before) < 10 else 2**31 - 1
        (reply,) = ask_desks(self._config, [("data_manager", question)], ask=self._ask)
        return self._page(request, "products", asked=asked, reply=reply, paged=bool(before),
                          next=_next_page(asked, reply))  # fmt: skip

    def picture(self, request: Request) -> Response:
        """Serve one picture out of the node's roots."""
        try:
            content = self._pictures.read(request.path_params["location"])
        except (TorosError, OSError) as error:
            log.info("no picture for %r: %s", request.path_params["location"][:LONGEST], error)
            return Response("there is no such picture\n", 404, HEADERS, "text/plain")
        return Response(content, 200, HEADERS | {"Cache-Control": "private, max-age=60"}, "image/png")

    def static(self, request: Request) -> Response:
        """Serve the portal's own style, script and icon."""
        name = str(request.path_params["name"])
        if name not in self._static:
            return Response("nothing is here\n", 404, HEADERS, "text/plain")
        return Response(self._static[name], 200, HEADERS | {"Cache-Control": "no-cache"}, STATIC[name])

    def _page(self, request: Request, name: str, status: int = 200, **values: Any) -> Response:
        """Render a page, or for one that refreshes itself only its changing part."""
        fragment = "fragment" in request.query_params
        template = self._templates.get_template(f"{name}{'_body' if fragment else ''}.html")
        text = template.render(
            observatory=self._config.observatory, now=self._now(), here=request.url.path, page=name,
            refresh=_refreshed(request), **values,
        )  # fmt: skip
        return Response(text, status, HEADERS | {"Cache-Control": "no-store"}, "text/html")


def _refreshed(request: Request) -> str:
    """Return the address of the page's changing part."""
    parameters = [(key, value) for key, value in request.query_params.multi_items() if key != "fragment"]
    return f"{quote(request.url.path)}?{urlencode([*parameters, ('fragment', '1')])}"


def _next_page(asked: Mapping[str, str], reply: Reply) -> str:
    """Return the address of the page of older products; empty where there are none."""
    products = reply.answer.get("products")
    if not products or not reply.answer.get("more"):
        return ""
    return f"/products?{urlencode({**asked, 'before': products[-1]['number']})}"
