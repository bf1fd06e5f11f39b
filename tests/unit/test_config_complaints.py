"""A configuration that cannot be used: one sentence with file, line, key, value, and what is allowed."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from toros.config import Config, load_config
from toros.config.secrets import masked
from toros.errors import ConfigurationError

LAUGHS = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{new}: &{new} [{','.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


def complaint(folder: Path, text: str | bytes) -> str:
    """Return what is said about a file with this text."""
    file = folder / "toros.conf.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigurationError) as caught:
        load_config(file)
    sentence = str(caught.value)
    assert sentence.startswith(str(file)) and "\n" not in sentence and len(sentence) < 600
    return sentence.removeprefix(str(file))


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("services:\n  telescope:\n    prot: 9", 3, "unknown key services.telescope.prot, did you mean port?"),
        ("services:\n  telescop: {}", 2, "unknown key services.telescop, did you mean telescope?"),
        ("\nloging: {}", 2, "unknown key loging, did you mean logging?"),
        ("camera: {\n gain: 0}", 2, "camera.gain is 0; allowed: a number above 0 to 100"),
        ("camera: {rows: 15}", 1, "camera.rows is 15; allowed: a whole number from 16 to 20000"),
        ("camera: {rows: 1024.5}", 1, "camera.rows is 1024.5; allowed: a whole number"),
        ("camera: {rows: '1024'}", 1, "camera.rows is '1024'; allowed: a whole number"),
        ("camera: {rows: true}", 1, "camera.rows is True; allowed: a whole number"),
        ("camera: {gain: .nan}", 1, "camera.gain is nan; allowed: a number"),
        ("camera: {gain: .inf}", 1, "camera.gain is inf; allowed: a number"),
        ("camera: {rows: }", 1, "camera.rows is empty; allowed: a whole number"),
        ("camera: [1, 2]", 1, "camera is a list; allowed: a mapping of keys"),
        ("logging: {level: debug}", 1, "logging.level is 'debug'; allowed: DEBUG or INFO or WARNING or ERROR"),
        ("logging: {json_lines: 1}", 1, "logging.json_lines is 1; allowed: true or false"),
        ("logging: {file: '{servic}.log'}", 1, "{service} in it where wanted"),
        ("observatory: {longitude: 1:10}", 1, "observatory.longitude is '1:10'; allowed: a number from -180 to 360"),
        ("observatory: {longitude: 0710}", 1, "observatory.longitude is '0710'; allowed: a number"),
        ("admin_emails:\n- a@b.org\n- nobody", 3, "admin_emails.1 is 'nobody'; allowed: an address"),
        ("files: {roots: {Raw: x}}", 1, "files.roots has the name 'Raw'; allowed: small letters"),
        ("files: {roots: {raw: 3}}", 1, "files.roots.raw is 3; allowed: the path"),
        ("services: {portal: {workers: {work: 0}}}", 1, "workers.work is 0; allowed: a whole number from 1 to 64"),
        ("services: {portal: {http: portal.example.org}}", 1, "allowed: a URL such as http://"),
        ("database: {url: mysql://host/name}", 1, "allowed: sqlite:///{state}/{service}.sqlite or postgresql://"),
        ("database: {url: 'sqlite:///{home}/x'}", 1, "database.url is"),
        ("state: ''", 1, "state is ''; allowed: the path"),
        ("state:", 1, "state is empty"),
        ("camera: {seed: 1}\ncamera: {seed: 2}", 2, "camera is given twice (first on line 1)"),
        ("logging:\n\tlevel: INFO", 2, "a tab; allowed: indent with spaces"),
        ("logging: {level: 'INFO", 1, "found unexpected end of stream"),
        ("- state", 1, "the file must be a mapping"),
        ("state", 1, "the file must be a mapping"),
        ("{[1, 2]: 3}", 1, "a key must be a word"),
        ("a: 1\n--- \nb: 2", 2, "but found another document"),
        ("x: !!python/object/apply:os.system ['true']", 1, "has the tag"),
        ("state: !!binary aGVsbG8=", 1, "has the tag"),
        ("camera: {seed: %s}" % ("9" * 5000), 1, "no number that can be read"),
        (LAUGHS, 1, "too many values; allowed: 10000"),
        ("a: &a [*a]", 1, "nested too deeply; allowed: 12 levels"),
        ("engine: {kind: dask}", 1, "engine.kind is dask, without a scheduler"),
        ("security: {tls_key: /k}", 1, "security.tls_key needs security.tls_certificate beside it"),
        (
            "notices:\n  webhook_hosts: [a.org]",
            2,
            "notices.webhook_hosts is now part of hooks.hosts: move",
        ),
        ("orders: {first_delay: 700}", 1, "orders.first_delay is 700.0; allowed: at most orders.longest_delay"),
        ("services:\n  portal: {port: 8701}", 2, "services.portal.port is 8701, as that of alert_robot"),
        ("database:\n  url: sqlite:////var/all.sqlite", 2, "database.url must hold {service} with SQLite"),
    ],
)
def test_the_sentence_names_line_key_value_and_what_is_allowed(tmp_path: Path, text: str, line: int, says: str) -> None:
    sentence = complaint(tmp_path, text)
    assert sentence.startswith(f", line {line}: ") and says in sentence


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[" * 5000, "nested too deeply"),
        ("# " + "x" * 300_000, "too large; allowed: up to 256000 bytes"),
        (b"state: \xff\xfe\n", ", line 1: the configuration is not text; allowed: UTF-8"),
        (b"a: 1\nb: \x00", ", line 2: a control character"),
    ],
)
def test_a_file_that_is_no_configuration_at_all(tmp_path: Path, text: str | bytes, says: str) -> None:
    assert says in complaint(tmp_path, text)


def test_a_folder_or_a_locked_file_is_no_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no such configuration file"):
        load_config(tmp_path)


def test_several_complaints_are_counted_and_the_first_of_the_file_is_told(tmp_path: Path) -> None:
    sentence = complaint(tmp_path, "orders: {tries: 0}\ncamera: {gain: 0, rows: 0}")
    assert sentence.startswith(", line 1: orders.tries is 0") and sentence.endswith("(and 2 more)")


@pytest.mark.parametrize("ip", ["0.0.0.0", "10.0.0.5", "::", "desk.example.org"])
def test_an_address_that_others_can_reach_needs_authentication(tmp_path: Path, ip: str) -> None:
    text = f"services:\n  telescope:\n    ip: '{ip}'\n"
    assert "security.authentication: true" in complaint(tmp_path, text)
    file = tmp_path / "good.yaml"
    file.write_text(f"{text}security: {{authentication: true}}")
    assert load_config(file).services["telescope"].ip == ip


@pytest.mark.parametrize("ip", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_a_loopback_address_does_not(tmp_path: Path, ip: str) -> None:
    file = tmp_path / "good.yaml"
    file.write_text(f"services: {{telescope: {{ip: '{ip}'}}}}")
    assert load_config(file).services["telescope"].ip == ip


@pytest.mark.parametrize(
    "text",
    [
        "database: {url: 'postgresql://toros:hunter2@db/toros'}",
        "database: {url: 'postgresql://db/toros?user=toros&password=hunter2'}",
        "services: {telescope: {http: 'http://robot:hunter2@10.0.0.5/RPC2'}}",
        "engine: {scheduler: 'tcp://robot:hunter2@10.0.0.5:8786'}",
        "database: {password: hunter2}",
        "smtp: {password: [hunter2]}",
        "token: hunter2",
        "smtp: {host: 'smtp://me:hunter2@mail'}",
    ],
)
def test_a_password_is_refused_and_never_shown(tmp_path: Path, text: str) -> None:
    assert "hunter2" not in complaint(tmp_path, text)


def test_pydantic_does_not_show_values_either() -> None:
    with pytest.raises(ValueError) as caught:
        Config.model_validate({"database": {"url": "postgresql://toros:hunter2@db/toros"}})
    assert "hunter2" not in str(caught.value) and "hunter2" not in repr(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("alerts: {rules: {ctmo: {}}}", "is the rule of a telescope that is not there; allowed: telescope"),
        ("{telescopes: {ctmo: {}}, alerts: {rules: {ctno: {}}}}", "did you mean ctmo?"),
        ("alerts: {rules: {telescope: {kinds: [gww]}}}", "alerts.rules.telescope.kinds.0 is 'gww'; allowed: gw or grb"),
        ("alerts: {rules: {telescope: {distnace: 200}}}", "did you mean distance?"),
        ("alerts: {rules: {telescope: {p_bns: 50}}}", "alerts.rules.telescope.p_bns is 50; allowed: a number from 0"),
        ("alerts: {rules: {telescope: {on_update: cancel}}}", "allowed: replace or add or ignore"),
        ("telescopes: {a: {}, b: {}}", "has no http, as a"),
        ("telescopes: {a: {http: 'http://h/RPC2'}}", "needs longitude and latitude"),
        ("telescopes: {a: {longitude: 10}}", "needs latitude beside it"),
        ("telescopes: {a: {declination_least: 10, declination_most: 0}}", "allowed: at most declination_most"),
        ("alerts: {tell: [nobody]}", "an address such as night@example.org, or a webhook"),
    ],
)
def test_a_wrong_rule_or_telescope_is_refused_in_one_sentence(tmp_path: Path, text: str, words: str) -> None:
    assert words in complaint(tmp_path, text)


@pytest.mark.parametrize("number", ["1e3", "1.0e+3", "1000", "1_000"])
def test_numbers_are_read_as_people_write_them(tmp_path: Path, number: str) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(f"camera: {{clock_rate: {number}}}")
    assert load_config(file).camera.clock_rate == 1000.0


def test_a_date_and_a_time_are_text(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("observatory: {name: 2026-11-20}")
    assert load_config(file).observatory.name == "2026-11-20"


WORDS = st.sampled_from(
    ["state", "services", "telescope", "port", "camera", "rows", "files", "roots", "raw", "x", ": ", "\n", "  ", "- ",
     "{", "}", "[", "]", "&a ", "*a", "'", '"', "|", ">", "? ", "<<", "1", "-1.5", "~", "null", "\t", "#", ","]
)  # fmt: skip


@given(st.lists(WORDS, max_size=30).map("".join) | st.text(max_size=60))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
def test_any_text_is_read_or_refused_in_one_sentence(tmp_path: Path, text: str) -> None:
    file = tmp_path / "any.yaml"
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        load_config(file)
    except ConfigurationError as error:
        assert "\n" not in str(error) and str(error).startswith(str(file))


@given(st.text(alphabet="abchtp:/@?=&; {}'\"-.", max_size=60))
def test_masking_twice_changes_nothing(text: str) -> None:
    assert masked(masked(text)) == masked(text)
