"""Uploading to the older TOROS broker: its login form, then its JSON as a form."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from toros.alerts.broker_json import broker_json
from toros.errors import Permanent, Temporary
from toros.webhook import host_of, judged

if TYPE_CHECKING:
    import httpx

    from toros.config import BrokerSettings, Config

__all__ = ["upload"]


def upload(result: Mapping[str, Any], config: Config) -> int:
    """Upload an alert and return the status of the broker's answer, whose body is not read.

    Parameters
    ----------
    result : mapping
        Of `process_alert`, or of `retract_alert`.
    config : Config

    Raises
    ------
    Temporary
        No answer in time, or one that says to try again.
    Permanent
        The broker does not know us, or will not have it.
    """
    import httpx

    broker = config.alerts.broker
    assert broker.url is not None
    _check(broker)
    try:
        with httpx.Client(timeout=config.notices.timeout, follow_redirects=False, trust_env=False) as client:
            if broker.login is not None:
                _log_in(client, broker)
            return _post(client, broker.url, {"targets.json": broker_json(result, broker.run)})
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Temporary(f"the broker at {host_of(broker.url)} does not answer: {type(error).__name__}") from None


def _check(broker: BrokerSettings) -> None:
    if broker.login is not None and host_of(broker.login) != host_of(broker.url or ""):
        raise Permanent(f"alerts.broker.login: {broker.login!r} is on another host than alerts.broker.url")


def _log_in(client: httpx.Client, broker: BrokerSettings) -> None:
    """Fill in the login form; the site remembers it in cookies."""
    login = str(broker.login)
    with client.stream("GET", login) as answer:
        judged(answer.status_code, f"the broker at {host_of(login)}")
    _post(client, login, {"username": broker.user, "password": _password(broker)})
    if "sessionid" not in client.cookies:
        raise Permanent(f"the broker at {host_of(login)} does not let {broker.user!r} in (alerts.broker.user)")


def _post(client: httpx.Client, url: str, form: Mapping[str, str]) -> int:
    token = client.cookies.get("csrftoken")
    fields = {**form, **({"csrfmiddlewaretoken": token} if token else {})}
    with client.stream("POST", url, data=fields, headers={"Referer": url, "User-Agent": "toros"}) as answer:
        return judged(answer.status_code, f"the broker at {host_of(url)}", moved=True)


def _password(broker: BrokerSettings) -> str:
    if password := os.environ.get("TOROS_BROKER_PASSWORD"):
        return password
    try:
        return broker.password_file.read_text().strip() if broker.password_file is not None else ""
    except OSError as error:
        raise Permanent(f"alerts.broker.password_file cannot be read: {error.strerror}") from None
