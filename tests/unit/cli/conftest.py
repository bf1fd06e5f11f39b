"""A data manager that runs, and a terminal to type at: a module's GROUP says which commands it is about."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.daemons import Network
from tests.unit.cli.terminal import Terminal


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    """A data manager without targets, for a whole module."""
    with Network(tmp_path_factory.mktemp("network"), services=["data_manager"]) as running:
        yield running


@pytest.fixture
def toros(network: Network, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest) -> Terminal:
    """Run a command of the module's group and return its exit code and what it printed."""
    return Terminal(network.file, request.module.GROUP, capsys)
