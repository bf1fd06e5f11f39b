"""An S3 server of this machine."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.request import Request, urlopen

import pytest

__all__ = ["ObjectStore", "object_store"]


@dataclass
class ObjectStore:
    """An S3 server with as many buckets as are asked for."""

    endpoint: str

    def bucket(self) -> str:
        """Make an empty bucket and return its URL."""
        name = f"toros-{uuid.uuid4()}"  # servers of one process share what they hold
        urlopen(Request(f"{self.endpoint}/{name}", method="PUT")).close()  # noqa: S310 - our own server
        return f"s3://{name}/observatory"

    @property
    def options(self) -> dict[str, Any]:
        """What the storage's options say to reach it."""
        return {"endpoint_url": self.endpoint}


@pytest.fixture(scope="session")
def object_store() -> Iterator[ObjectStore]:
    """Start the server once; its keys are in the environment, as an operator's are."""
    server_module = pytest.importorskip("moto.server", reason="pip install s3fs 'moto[s3,server]'")
    pytest.importorskip("s3fs", reason="pip install s3fs 'moto[s3,server]'")
    server = server_module.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "AKIDNEVERSHOWN")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "SECRETNEVERSHOWN")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        server.start()
        host, port = server.get_host_and_port()
        yield ObjectStore(f"http://{host}:{port}")
        server.stop()
