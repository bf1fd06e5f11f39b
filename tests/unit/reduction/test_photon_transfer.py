"""Numbers are told with as many figures as their errors allow."""

from __future__ import annotations

import pytest

from toros.reduction.photon_transfer import Measured


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (1.50123, 0.0032, "1.5012 ± 0.0032"), (812.4, 31.0, "812 ± 31"), (65535.0, 0.0, "65535"),
        (9.947e-7, 2.2e-9, "9.95e-07 ± 2.2e-09"),
    ],
)  # fmt: skip
def test_figures_follow_the_error(value: float, error: float, text: str) -> None:
    assert str(Measured(value, error)) == text
