"""What a child process does before the first alert comes, so that this one is not the one that waits."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from toros.config import Config

__all__ = ["assess_ahead"]


def assess_ahead(config: Config) -> None:
    """Assess an alert of our own making for nobody: libraries, catalogue and tables of the sky are loaded by it.

    Parameters
    ----------
    config : Config
        Of the node: its telescopes, its rules, its catalogue.
    """
    from toros.alerts.assessment import assess_file
    from toros.alerts.mock import mock_gwalert
    from toros.alerts.story import Effect
    from toros.alerts.telescopes import followers_of

    now = datetime.now(UTC)
    with tempfile.TemporaryDirectory(prefix="toros-") as folder:
        file = Path(folder) / "mock.json"
        file.write_text(mock_gwalert(at=now))
        settings = config.alerts
        assess_file(
            file, followers_of(config), Effect.FIRST, now, level=settings.credible_level,
            max_distance=settings.max_distance, galaxies=config.galaxy_store(settings.catalogue),
        )  # fmt: skip
