"""What the standard library gives: an XML-RPC server with a thread a connection and one synchronous insert a call.

`python -m tests.bench.standard_server FOLDER TOKEN` prints its URL and serves until it is told to stop.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import signal
import sqlite3
import sys
import threading
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from xmlrpc.server import SimpleXMLRPCRequestHandler, SimpleXMLRPCServer


class Handler(SimpleXMLRPCRequestHandler):
    """Keeps connections alive and checks the token as TOROS does: by its SHA-256."""

    protocol_version = "HTTP/1.1"
    rpc_paths = ("/", "/RPC2")
    server: Server

    def parse_request(self) -> bool:
        """Read the headers; turn strangers away."""
        if not super().parse_request():
            return False
        _, _, value = self.headers.get("Authorization", "").partition(" ")
        token = base64.b64decode(value).partition(b":")[2]
        if hmac.compare_digest(hashlib.sha256(token).hexdigest(), self.server.digest):
            return True
        self.send_error(401)
        return False


class Server(ThreadingMixIn, SimpleXMLRPCServer):
    """A thread a connection."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, folder: Path, token: str) -> None:
        self.digest = hashlib.sha256(token.encode()).hexdigest()
        self._lock = threading.Lock()
        self._database = sqlite3.connect(folder / "orders.sqlite", check_same_thread=False, isolation_level=None)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=FULL")
        self._database.execute("CREATE TABLE IF NOT EXISTS orders (id TEXT PRIMARY KEY, body TEXT NOT NULL)")
        super().__init__(("127.0.0.1", 0), Handler, logRequests=False)
        self.register_function(self.front_desk)

    def front_desk(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Store an order and answer its id."""
        with self._lock:
            self._database.execute("INSERT OR IGNORE INTO orders VALUES (?, ?)", (fields["id"], json.dumps(fields)))
        return {"id": fields["id"], "status": "accepted"}


def main() -> None:
    server = Server(Path(sys.argv[1]), sys.argv[2])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print(f"http://127.0.0.1:{server.server_address[1]}/RPC2", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
