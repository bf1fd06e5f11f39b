"""The harvester of this version serves what every desk does and refuses the rest by name."""

from __future__ import annotations

import pytest

from services.harvester import SERVICE
from workorders import Refusal, parse
from workorders.refusal import FaultCode
from workorders.vocabulary import PLANNED


def test_it_serves_nothing_of_its_own_yet() -> None:
    assert SERVICE.name == "harvester"
    assert not SERVICE.handlers


@pytest.mark.parametrize("request_", sorted(name for name, desk in PLANNED.items() if desk == "harvester"))
def test_its_requests_are_refused_in_so_many_words(request_: str) -> None:
    with pytest.raises(Refusal, match=f"{request_} is not served by this version of harvester") as refusal:
        parse({"request": request_}, "harvester")
    assert refusal.value.code is FaultCode.NOT_SERVED
