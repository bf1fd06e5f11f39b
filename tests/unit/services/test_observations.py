"""The data manager's handlers for observations: dry runs, facilities, who may tell and be told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from services.data_manager import SERVICE
from services.data_manager.notices import check_receivers
from services.data_manager.observations import AGAIN
from tests.support.mail_server import serving_mail
from tests.unit.services.rehearsal import Rehearsal, rehearsing
from toros.config import Config, HookSettings, NoticeSettings, SecuritySettings, SmtpSettings
from toros.errors import Permanent, Temporary
from workorders import VOCABULARY, parse


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Rehearsal]:
    with rehearsing(tmp_path, "data_manager", tables=SERVICE.tables) as context:
        do(context, "add_target", name="M 31", ra=10.6847, dec=41.269)
        yield context


def do(desk: Rehearsal, request: str, **fields: Any) -> Any:
    """Do an order, or answer a question."""
    order = parse({"request": request, **fields}, "data_manager")
    found = SERVICE.handlers[request].function(order, desk)
    if VOCABULARY[request].kind == "question":
        return found
    return desk.finish(found)


def test_it_serves_what_the_language_says() -> None:
    assert set(SERVICE.handlers) == {name for name, each in VOCABULARY.items() if each.desk == "data_manager"}


def test_a_dry_run_tells_the_parameters_and_changes_nothing(desk: Rehearsal) -> None:
    outcome = do(desk, "request_observation", target="m31", parameters={"exposures": 3}, dry_run=True)
    assert outcome.result["parameters"] == {
        "ra": 10.6847, "dec": 41.269, "exposure_time": 60.0, "exposures": 3, "filter": "r", "calibration_frames": 5,
    }  # fmt: skip
    assert outcome.orders == [] or outcome.orders == ()
    assert do(desk, "find_observations")["observations"] == []
    with pytest.raises(Permanent, match="field: exposures"):
        do(desk, "request_observation", target="m31", parameters={"exposures": 3.5}, dry_run=True)
    for request, more in (("save_proposal", {"proposal": "P", "hours": 1.0}), ("save_template", {"template": "T"})):
        assert do(desk, request, dry_run=True, **more).result["made"] is True
    assert do(desk, "find_proposals")["proposals"] == []


def test_facilities_are_described_with_form_and_site(desk: Rehearsal) -> None:
    manual, own = do(desk, "list_facilities")["facilities"]
    assert (manual["facility"], own["facility"]) == ("manual", "own_telescope")
    assert own["form"]["properties"]["exposures"]["maximum"] == 1000
    assert own["failed"] == ["CANCELED", "FAILURE_LIMIT_REACHED", "NOT_ATTEMPTED", "WINDOW_EXPIRED"]
    (site,) = own["sites"].values()
    assert site["latitude"] == desk.config.observatory.latitude


def test_the_clock_gives_one_order_while_something_is_due(desk: Rehearsal) -> None:
    next_turn = (int(desk.clock.now().timestamp()) // AGAIN + 1) * AGAIN  # what is due now was due before it

    def chores(seconds: float = 0.0) -> list[dict[str, Any]]:
        assert SERVICE.chores is not None
        now = datetime.fromtimestamp(next_turn + seconds, UTC)
        return [order.body() for order in desk.read(lambda session: SERVICE.chores(session, now))]  # type: ignore[misc]

    desk.observatory_clock = desk.clock  # type: ignore[assignment]

    assert chores() == []
    do(desk, "request_observation", target="m31", facility="manual", cadence={"strategy": "repeat", "hours": 1.0})
    assert chores() == []
    do(desk, "update_observation", number=1, status="COMPLETED")
    (order,) = chores()
    assert order["request"] == "follow_observations"
    assert chores(1) == [order], "the same, to the byte, while the same is due"
    assert chores(AGAIN + 1) != [order], "and once more where it came to nothing"
    result = do(desk, "follow_observations", user="data_manager")
    assert result.result["due"] == 1 and len(do(desk, "find_observations")["observations"]) == 2
    assert chores() == []


def test_an_observation_without_a_target_is_no_failure(desk: Rehearsal) -> None:
    do(desk, "update_observation", facility_id="X", status="COMPLETED", user="telescope")
    assert do(desk, "find_observations")["observations"] == []
    fields = {"facility_id": "Y", "status": "COMPLETED", "target": "new", "ra": 5.0, "dec": 5.0, "asked_by": "robot"}
    for _ in range(2):
        do(desk, "update_observation", user="telescope", **fields)
    (row,) = do(desk, "find_observations", target="new")["observations"]
    assert (row["facility_id"], row["asked_by"], row["status"]) == ("Y", "robot", "COMPLETED")


@pytest.mark.parametrize(
    ("receiver", "why"),
    [
        ("https://hooks.example.org@evil.org/", "is no webhook that notices go to; allowed hosts"),
        ("http://169.254.169.254/latest", "allowed hosts .*: hooks.example.org$"),
        ("ann@evil.org", "allowed domains .*: example.org$"),
        ("ann@example.org.evil.org", "is no address"),
    ],
)
def test_only_whom_the_configuration_allows_is_told(receiver: str, why: str) -> None:
    notices = NoticeSettings(mail_domains=["example.org"])
    config = Config(
        notices=notices,
        hooks=HookSettings(hosts=["hooks.example.org"]),
        smtp=SmtpSettings(host="mail.example.org"),
        admin_emails=["root@other.org"],
    )
    check_receivers(["https://HOOKS.example.org/x", "ann@Example.org", "root@other.org"], config)
    with pytest.raises(Permanent, match=why):
        check_receivers([receiver], config)
    with pytest.raises(Permanent, match="this node sends no mail"):
        check_receivers(["ann@example.org"], Config(notices=notices))


def test_who_asked_is_told_by_mail(desk: Rehearsal) -> None:
    with serving_mail() as server:
        settings = {"smtp": server.settings(), "notices": NoticeSettings(mail_domains=["example.org"])}
        desk.config = desk.config.model_copy(update=settings)
        do(desk, "request_observation", target="m31", facility="manual", tell=["ann@example.org"])
        (notice,) = do(desk, "update_observation", number=1, status="COMPLETED", note="two hours, clear").orders
        told = notice.model_dump(include={"id", "receiver", "subject", "text", "facts"})
        assert do(desk, "send_notice", **told).result == {"sent": True}
        (mail,) = server.mails
    assert (mail["To"], mail["Subject"]) == ("ann@example.org", "[toros] Observation 1 of M 31 is COMPLETED")
    assert "two hours, clear" in mail.get_content() and mail["Message-ID"] == f"<{notice.id}@toros>"


def test_a_mail_that_cannot_be_sent_now_is_tried_again(desk: Rehearsal) -> None:
    desk.config = desk.config.model_copy(
        update={
            "smtp": SmtpSettings(host="127.0.0.1", port=9, starttls=False),
            "notices": NoticeSettings(mail_domains=["example.org"]),
        }
    )
    with pytest.raises(Temporary, match="no mail through 127.0.0.1"):
        do(desk, "send_notice", receiver="ann@example.org", subject="s", text="t")


def test_where_everybody_says_who_they_are_the_operator_grants_time_and_others_do_not(desk: Rehearsal) -> None:
    desk.config = desk.config.model_copy(update={"security": SecuritySettings(authentication=True)})
    assert do(desk, "save_proposal", proposal="P1", hours=1.0, user="operator")
    with pytest.raises(Permanent, match="only administrators grant time"):
        do(desk, "save_proposal", proposal="P1", hours=9.0, user="ann")
    for request, more in (
        ("follow_observations", {}),
        ("send_notice", {"receiver": "a@b.org", "subject": "s", "text": "t"}),
        ("update_observation", {"facility_id": "X", "status": "COMPLETED"}),
    ):
        with pytest.raises(Permanent):
            do(desk, request, user="ann", **more)
