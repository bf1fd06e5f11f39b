"""Logs: a file a daemon, one line a record, no secret in any of them, and no harm where they cannot be written."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from toros.config import Config, LoggingSettings
from toros.log import JsonLines, Line, configure_logging, log_file

TOKEN = "c2VjcmV0LXRva2VuLXZhbHVl"


@pytest.fixture(autouse=True)
def _root_logger() -> Iterator[None]:
    """Give the root logger back as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers[:] = []
    yield
    for handler in root.handlers[:]:
        root.removeHandler(handler)
        handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)


def _config(state: Path, **logging_settings: object) -> Config:
    return Config.model_validate({"state": state, "logging": {"file": "logs/toros.log", **logging_settings}})


def _record(message: str, *args: object, **more: object) -> logging.LogRecord:
    record = logging.LogRecord("toros.test", logging.INFO, __file__, 1, message, args, None)
    vars(record).update(more)
    return record


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        ("/var/log/toros/toros.log", "/var/log/toros/toros.telescope.log"),
        ("/var/log/toros/{service}.log", "/var/log/toros/telescope.log"),
        ("/var/log/{service}/toros", "/var/log/telescope/toros"),
        ("/var/log/toros", "/var/log/toros.telescope"),
    ],
)
def test_each_daemon_has_a_file_of_its_own(named: str, expected: str) -> None:
    assert log_file(Config(logging=LoggingSettings(file=named)), "telescope") == Path(expected)


def test_records_reach_the_file_below_state_and_the_console(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(_config(tmp_path), "telescope")
    logging.getLogger("toros.test").info("dome is %s", "closed")
    line = (tmp_path / "logs" / "toros.telescope.log").read_text()
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z INFO    telescope\[\d+\] toros\.test: dome is closed\n", line
    )
    assert capsys.readouterr().err == line


def test_the_level_of_the_configuration_decides_what_is_written(tmp_path: Path) -> None:
    configure_logging(_config(tmp_path, level="WARNING"), "telescope")
    logging.getLogger("toros.test").info("quiet")
    logging.getLogger("toros.test").warning("loud")
    text = (tmp_path / "logs" / "toros.telescope.log").read_text()
    assert "loud" in text and "quiet" not in text


def test_a_new_file_begins_at_midnight_utc_and_as_many_are_kept_as_told(tmp_path: Path) -> None:
    configure_logging(_config(tmp_path, keep=3), "telescope")
    handler = next(h for h in logging.getLogger().handlers if isinstance(h, logging.handlers.TimedRotatingFileHandler))
    assert handler.utc and handler.when == "MIDNIGHT" and handler.backupCount == 3
    for day in range(1, 7):
        (tmp_path / "logs" / f"toros.telescope.log.2026-11-0{day}").touch()
    assert handler.rolloverAt % 86400 == 0
    handler.doRollover()
    kept = sorted(path.name for path in (tmp_path / "logs").iterdir())
    assert len(kept) == 1 + 3 and "toros.telescope.log.2026-11-01" not in kept


def test_json_lines_hold_one_object_a_line_with_what_came_as_extra(tmp_path: Path) -> None:
    configure_logging(_config(tmp_path, json_lines=True), "telescope")
    try:
        raise ValueError("bad\nframe")
    except ValueError:
        logging.getLogger("toros.test").exception("two\nlines", extra={"order": "01J0", "attempt": 2})
    (line,) = (tmp_path / "logs" / "toros.telescope.log").read_text().splitlines()
    row = json.loads(line)
    assert row["message"] == "two\nlines" and row["order"] == "01J0" and row["attempt"] == 2
    assert row["level"] == "ERROR" and row["service"] == "telescope" and "ValueError: bad" in row["traceback"]


@pytest.mark.parametrize("kind", [Line, JsonLines])
@pytest.mark.parametrize(
    ("message", "args"),
    [
        ("Authorization: Bearer %s", (TOKEN,)),
        ("headers %s", ({"Authorization": f"Basic {TOKEN}"},)),
        ("connecting to %s", (f"postgresql://toros:{TOKEN}@db/toros",)),
        ("asking %s", (f"http://alert_robot:{TOKEN}@10.0.0.5:8702/RPC2",)),
        ("settings %s", ({"password": TOKEN, "token": TOKEN},)),
        (f"password={TOKEN}&user=x", ()),
    ],
)
def test_passwords_and_tokens_are_masked(kind: type[Line], message: str, args: tuple[object, ...]) -> None:
    text = kind("telescope").format(_record(message, *args))
    assert TOKEN not in text and "***" in text


@pytest.mark.parametrize("kind", [Line, JsonLines])
def test_a_traceback_holds_no_password_either(kind: type[Line]) -> None:
    record = _record("failed")
    try:
        raise OSError(f"cannot reach postgresql://toros:{TOKEN}@db/toros")
    except OSError as error:
        record.exc_info = (OSError, error, error.__traceback__)
    text = kind("telescope").format(record)
    assert TOKEN not in text and "cannot reach postgresql://toros:***@db/toros" in text


def test_an_ordinary_message_is_left_as_it_is() -> None:
    message = "observation 01J0 of M31 at 00:42:44.3 +41:16:09 done: raw:2026-11-20/01J0, basic checks passed"
    assert Line("telescope").format(_record(message)).endswith(message)


def test_nobody_can_forge_a_line_with_a_line_feed_in_a_name() -> None:
    text = Line("telescope").format(_record("target %s", "M31\n2026-11-20T00:00:00.000Z ERROR forged\x1b[2J\u2028"))
    assert "\n" not in text and "\x1b" not in text and "\\n2026" in text and "\u2028" not in text


def test_colour_is_for_terminals_only() -> None:
    record = logging.LogRecord("toros", logging.ERROR, __file__, 1, "dome stuck", (), None)
    assert "\x1b[31m" in Line("telescope", colour=True).format(record)
    assert "\x1b" not in Line("telescope").format(record)


@pytest.mark.parametrize("blocked", ["file in the way", "folder missing outside state"])
def test_a_folder_that_cannot_be_written_costs_one_warning_and_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], blocked: str
) -> None:
    (tmp_path / "file").touch()
    folder = tmp_path / "file" if blocked == "file in the way" else tmp_path / "nowhere"
    config = Config(state=tmp_path / "state", logging=LoggingSettings(file=str(folder / "toros.log")))
    configure_logging(config, "telescope")
    warning = capsys.readouterr().err
    assert warning.count("\n") == 1 and str(folder) in warning and "logging.file" in warning
    logging.getLogger("toros.test").info("still here")
    assert "still here" in capsys.readouterr().err
    assert not (tmp_path / "nowhere").exists()


def test_a_full_disk_is_reported_once_and_the_daemon_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = Config(state=tmp_path, logging=LoggingSettings(file=str(tmp_path / "toros.log")))
    (tmp_path / "toros.telescope.log").symlink_to("/dev/full")
    configure_logging(config, "telescope")
    for number in range(3):
        logging.getLogger("toros.test").info("line %d", number)
    error = capsys.readouterr().err
    assert error.count("cannot be written") == 1 and "Traceback" not in error
    assert all(f"line {number}" in error for number in range(3))


def test_configuring_again_replaces_the_handlers(tmp_path: Path) -> None:
    configure_logging(_config(tmp_path), "telescope")
    configure_logging(_config(tmp_path), "telescope")
    logging.getLogger("toros.test").info("once")
    assert (tmp_path / "logs" / "toros.telescope.log").read_text().count("once") == 1
