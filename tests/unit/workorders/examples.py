"""The example of every request, as the repository ships them."""

from __future__ import annotations

from typing import Any

import yaml

from workorders import VOCABULARY
from workorders.description import example_text

REQUESTS = sorted(VOCABULARY)


def example(name: str) -> dict[str, Any]:
    """Return the example of a request as plain fields."""
    fields = yaml.safe_load(example_text(name))
    assert isinstance(fields, dict)
    return fields
