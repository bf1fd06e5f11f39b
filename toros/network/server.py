"""Serving a desk on a port: where it listens, in whose reach, and how it ends."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import ipaddress
import logging
import resource
import socket
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, cast

import uvicorn

from toros.errors import ConfigurationError
from toros.network.bounds import Bounds
from toros.network.protocol import DeskProtocol

if TYPE_CHECKING:
    from toros.config import SecuritySettings, ServiceSettings
    from toros.network.front_desk import FrontDesk

__all__ = ["Bounds", "DeskServer", "serve", "spare_the_collector"]

log = logging.getLogger(__name__)

BATCH = 64  # connections taken from the kernel at a time
BACKLOG = 1024  # connections that the kernel keeps for us
COLLECTED = 20_000, 10, 20  # new objects until a first look, first looks until a second, those until a full one


class _Uvicorn(uvicorn.Server):
    """A server that leaves signals to the daemon and looks at its connections' deadlines."""

    def __init__(
        self,
        config: uvicorn.Config,
        desk: FrontDesk,
        listener: socket.socket,
        bounds: Bounds,
        ready: Callable[[], None],
    ) -> None:
        super().__init__(config)
        self._desk = desk
        self._listener = listener
        self._bounds = bounds
        self._ready = ready

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave them alone: SIGTERM means drain first, and that is the daemon's to do."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen; uvicorn's own way gives a TLS handshake a whole minute."""
        await self.lifespan.startup()
        loop = asyncio.get_running_loop()
        patience: dict[str, Any] = {}
        if self.config.ssl:
            patience = {"ssl_handshake_timeout": self._bounds.headers, "ssl_shutdown_timeout": 2.0}
        server = await loop.create_server(
            self._protocol, sock=self._listener, ssl=self.config.ssl, backlog=BATCH, **patience
        )
        self._listener.listen(BACKLOG)
        self.servers = [server]
        self.started = True
        self._ready()

    async def on_tick(self, counter: int) -> bool:
        """Twice a second, look at every connection."""
        if counter % 5 == 0:
            now = asyncio.get_running_loop().time()
            for protocol in list(self.server_state.connections):
                cast(DeskProtocol, protocol).look(now)
        return await super().on_tick(counter)

    def _protocol(self) -> asyncio.Protocol:
        return DeskProtocol(
            self._bounds,
            self._desk,
            config=self.config,
            server_state=self.server_state,
            app_state=self.lifespan.state,
        )


class DeskServer:
    """A front desk on a port.

    Parameters
    ----------
    app : FrontDesk
        What is served; it learns how many connections there are.
    ip, port : str, int
        Where to listen; port 0 takes a free one.
    authenticated : bool
        Callers must show a token; without it nothing is served beyond the machine itself.
    tls : tuple of (str, str), optional
        Files with certificate and key, PEM.
    bounds : Bounds, optional
        What callers may take.
    setting : str
        How the configuration calls this daemon's place, for sentences.

    Raises
    ------
    ConfigurationError
        The address is not loopback and callers are not authenticated; or it cannot be listened on.
    """

    def __init__(
        self,
        app: FrontDesk,
        ip: str = "127.0.0.1",
        port: int = 0,
        *,
        authenticated: bool = False,
        tls: tuple[str, str] | None = None,
        bounds: Bounds | None = None,
        setting: str = "services",
    ) -> None:
        if not authenticated and not _loopback(ip):
            raise ConfigurationError(
                f"{setting}.ip is {ip}: beyond this machine a desk is served only with security.authentication: true"
            )
        self.bounds = bounds or Bounds()
        self._listener = _listen(ip, port, setting)
        self.ip, self.port = self._listener.getsockname()[:2]
        self._scheme = "https" if tls else "http"
        self._desk = app
        self._config = _uvicorn_config(app, tls, self.bounds)
        self._server: _Uvicorn | None = None
        app.metrics.connections.set_function(lambda: self.connections)

    @property
    def url(self) -> str:
        """Where the desk is reached."""
        host = f"[{self.ip}]" if ":" in self.ip else self.ip
        return f"{self._scheme}://{host}:{self.port}/RPC2"

    @property
    def connections(self) -> int:
        """Connections open now."""
        return len(self._server.server_state.connections) if self._server else 0

    def run(self, ready: Callable[[], None] = lambda: None) -> None:
        """Serve on this thread until `stop`; call `ready` when listening."""
        spare_the_collector()
        _raise_file_limit(self.bounds.connections)
        self._server = _Uvicorn(self._config, self._desk, self._listener, self.bounds, ready)
        self._server.run()

    def stop(self) -> None:
        """Finish the calls being served and return from `run`; may be called from a signal or another thread."""
        if self._server is not None:
            self._server.should_exit = True


def spare_the_collector() -> None:
    """Have the garbage collector look less often, and not at what the process holds by now: that it holds to its end.

    A full look through it stops every thread for tens of milliseconds, and with Python's own 700 objects from one look
    to the next, an import of many rows spends a tenth of its time on being looked at.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTED)


def serve(app: FrontDesk, service: str, settings: ServiceSettings, security: SecuritySettings) -> DeskServer:
    """Return the server of a configured daemon, listening; `run` serves.

    Raises
    ------
    ConfigurationError
        As `DeskServer` does; or TLS is configured by half.
    """
    tls = None
    if security.tls_certificate or security.tls_key:
        if not (security.tls_certificate and security.tls_key):
            raise ConfigurationError("security.tls_certificate and security.tls_key belong together; one is missing")
        tls = (str(security.tls_certificate.expanduser()), str(security.tls_key.expanduser()))
    return DeskServer(
        app, settings.ip, settings.port, authenticated=security.authentication, tls=tls,
        bounds=Bounds(connections=settings.max_connections), setting=f"services.{service}",
    )  # fmt: skip


def _uvicorn_config(app: FrontDesk, tls: tuple[str, str] | None, bounds: Bounds) -> uvicorn.Config:
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)  # a warning for every broken request would be a flood
    config = uvicorn.Config(
        app, http=DeskProtocol, ws="none", loop="asyncio", lifespan="off", log_config=None, access_log=False,
        server_header=False, date_header=False, proxy_headers=False, timeout_keep_alive=int(bounds.idle) + 1,
        timeout_graceful_shutdown=5, ssl_certfile=tls[0] if tls else None, ssl_keyfile=tls[1] if tls else None,
    )  # fmt: skip
    try:
        config.load()
    except OSError as error:  # ssl.SSLError is one
        raise ConfigurationError(f"security.tls_certificate and tls_key cannot be used: {error}") from None
    return config


def _listen(ip: str, port: int, setting: str) -> socket.socket:
    """Return a socket that listens; raise ConfigurationError with what to do about it."""
    try:
        family, kind, proto, _, address = socket.getaddrinfo(
            ip, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError as error:
        raise ConfigurationError(f"{setting}.ip is {ip}, which is no address here: {error.strerror}") from None
    listener = socket.socket(family, kind, proto)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        raise ConfigurationError(_why_not(error, ip, port, setting)) from None
    return listener


def _why_not(error: OSError, ip: str, port: int, setting: str) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} on {ip} is in use by another program: stop it, or change {setting}.port"
    if error.errno == errno.EACCES:
        return f"port {port} on {ip} needs root: change {setting}.port to 1024 or more"
    if error.errno == errno.EADDRNOTAVAIL:
        return f"{setting}.ip is {ip}, which is not an address of this machine"
    return f"cannot listen on {ip} port {port}: {error.strerror}; see {setting}"


def _loopback(ip: str) -> bool:
    if ip == "localhost":
        return True
    try:
        return ipaddress.ip_address(ip).is_loopback
    except ValueError:
        return False


def _raise_file_limit(connections: int) -> None:
    """Let the process open as many files as its connections need, where the system allows it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + 4 * BACKLOG
    if soft < wanted:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard) if hard > 0 else wanted, hard))
