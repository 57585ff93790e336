"""The configuration: file, environment, secrets in files, and everything that is refused."""

import json
import os
from pathlib import Path

import pytest
from pydantic import SecretStr

from gateway.config import Settings, load, shown
from tests.config_problems import SECRET, problems


def written(folder: Path, text: str) -> Path:
    path = folder / "hearthgate.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test finds a hearthgate.toml by accident."""
    monkeypatch.chdir(tmp_path)


def test_without_a_file_everything_has_a_default_and_listens_on_loopback() -> None:
    settings = load(None, {})
    assert {host for _, host, _ in settings.listeners()} == {"127.0.0.1"}
    assert settings.broker.kind == "nats"
    assert settings.database_url.get_secret_value() == "sqlite:///hearthgate-data/hearthgate.db"
    assert settings.endpoint_port == 8883


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    file = written(tmp_path, 'region = "eu"\n[api]\nport = 8081\nhosts = ["home"]\n')
    settings = load(file, {"HEARTHGATE_API__PORT": "8082", "HEARTHGATE_API__HOSTS": "one, two", "PATH": "x"})
    assert settings.region == "eu"
    assert settings.api.port == 8082
    assert settings.api.hosts == ("one", "two")


def test_three_levels_reach_from_the_environment() -> None:
    assert load(None, {"HEARTHGATE_BROKER__NATS__MQTT_PORT": "1884"}).endpoint_port == 1884


def test_the_file_is_found_by_variable_and_in_the_working_folder(tmp_path: Path) -> None:
    written(tmp_path, 'region = "here"\n')
    assert load(None, {}).region == "here"
    (tmp_path / "other.toml").write_text('region = "there"\n', encoding="utf-8")
    assert load(None, {"HEARTHGATE_CONFIG": "other.toml"}).region == "there"


def test_paths_in_a_file_are_meant_from_where_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "etc"
    folder.mkdir()
    settings = load(
        written(
            folder, 'data_folder = "data"\n[keys]\nmaster_key_file = "/run/key"\n[broker.mosquitto]\nprogram = "mosq"\n'
        ),
        {},
    )
    assert settings.data_folder == folder / "data"
    assert settings.master_key_file == Path("/run/key")
    assert settings.broker.mosquitto.program == Path("mosq")


def test_the_master_key_file_is_in_the_data_folder_unless_named() -> None:
    assert load(None, {}).master_key_file == Path("hearthgate-data/keys/master.key")
    assert load(None, {"HEARTHGATE_MASTER_KEY_FILE": "/k"}).master_key_file == Path("/k")
    assert load(None, {"HEARTHGATE_KEYS__MASTER_KEY_FILE": "/k"}).master_key_file == Path("/k")


def test_a_secret_is_read_from_the_file_that_a_variable_names(tmp_path: Path) -> None:
    path = tmp_path / "url"
    path.write_text(f"postgresql+psycopg://u:{SECRET}@localhost/h\n", encoding="utf-8")
    settings = load(None, {"HEARTHGATE_DATABASE__URL_FILE": str(path)})
    assert settings.database_url.get_secret_value().endswith("@localhost/h")


@pytest.mark.parametrize("content", [b"\xff", b"x" * 70_000, None])
def test_a_secret_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "url"
    if content is not None:
        path.write_bytes(content)
    assert problems(None, {"HEARTHGATE_DATABASE__URL_FILE": str(path)}).keys() == {"HEARTHGATE_DATABASE__URL_FILE"}


def test_only_secrets_come_from_files() -> None:
    assert "HEARTHGATE_API__PORT_FILE" in problems(None, {"HEARTHGATE_API__PORT_FILE": "/dev/null"})


def test_an_unknown_setting_is_named_with_what_was_probably_meant(tmp_path: Path) -> None:
    file = written(tmp_path, "colour = 1\n[api]\nprot = 1\n[broker.nats]\nmqtt_prot = 3\n")
    assert problems(file) == {
        "colour": "is no setting",
        "api.prot": "is no setting (did you mean api.port?)",
        "broker.nats.mqtt_prot": "is no setting (did you mean broker.nats.mqtt_port?)",
    }


def test_an_unknown_variable_is_named_with_what_was_probably_meant() -> None:
    assert problems(None, {"HEARTHGATE_API__PROT": "1", "HEARTHGATE_API": "1", "HEARTHGATE_X": SECRET}) == {
        "HEARTHGATE_API__PROT": "is no setting (did you mean HEARTHGATE_API__PORT?)",
        "HEARTHGATE_API": "is no setting",
        "HEARTHGATE_X": "is no setting",
    }


def test_variables_of_the_tests_are_passed_over() -> None:
    assert load(None, {"HEARTHGATE_TEST_REQUIRE": "mosquitto"}) == load(None, {})


def test_all_problems_are_named_at_once_and_no_value_is_repeated(tmp_path: Path) -> None:
    file = written(tmp_path, f'region = "{SECRET}"\n[api]\nport = 99999\n[limits]\nreport = 1\n')
    found = problems(file, {"HEARTHGATE_PASSWORDS__BCRYPT_COST": SECRET})
    assert found.keys() == {"region", "api.port", "limits.report", "passwords.bcrypt_cost"}


@pytest.mark.parametrize("content", ["[", "\x00", "a = " + "[" * 5000, 'a = "\ud800"'])
def test_what_is_no_toml_is_refused_with_the_name_of_the_file(tmp_path: Path, content: str) -> None:
    path = tmp_path / "hearthgate.toml"
    path.write_bytes(content.encode("utf-8", "surrogatepass"))
    assert "hearthgate.toml is no TOML" in problems(path)[""]


def test_a_file_that_is_too_large_or_missing_is_refused(tmp_path: Path) -> None:
    assert "cannot be read" in problems(tmp_path / "none.toml")[""]
    path = written(tmp_path, "#" * 1_100_000)
    assert "larger than" in problems(path)[""]


@pytest.mark.parametrize("text", ['[api]\nhost = "0.0.0.0"\n', '[api]\nhost = "192.168.1.2"\n', '[api]\nhost = "::"\n'])
def test_plain_http_is_for_loopback_only(tmp_path: Path, text: str) -> None:
    assert "only loopback" in problems(written(tmp_path, text))["api"]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_plain_http_is_allowed_on_any_loopback_address(host: str) -> None:
    assert load(None, {"HEARTHGATE_API__HOST": host}).api.host == host


def test_other_addresses_are_allowed_with_tls() -> None:
    settings = load(None, {"HEARTHGATE_API__HOST": "0.0.0.0", "HEARTHGATE_API__TLS": "issued"})  # noqa: S104
    assert settings.api.tls == "issued"


@pytest.mark.parametrize(
    "environment",
    [
        {"HEARTHGATE_API__TLS": "files"},
        {"HEARTHGATE_API__TLS": "files", "HEARTHGATE_API__KEY_FILE": "k"},
        {"HEARTHGATE_API__CERTIFICATE_FILE": "c", "HEARTHGATE_API__KEY_FILE": "k"},
    ],
)
def test_certificate_files_and_their_use_go_together(environment: dict[str, str]) -> None:
    assert "go" in problems(None, environment)["api"]


def test_one_master_key_is_enough() -> None:
    both = {"HEARTHGATE_MASTER_KEY": SECRET, "HEARTHGATE_MASTER_KEY_FILE": "/k"}
    assert "not both" in problems(None, both)["keys"]


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql+psycopg://u:{SECRET}@db.example.org/h",
        f"postgresql+psycopg://u:{SECRET}@/h?host=db.example.org",
        f"postgresql+psycopg://u:{SECRET}@localhost/h?host=/run/pg,db.example.org",
        f"postgresql+psycopg://u:{SECRET}@localhost/h?hostaddr=db.example.org",
    ],
)
def test_a_database_outside_the_region_is_refused(url: str) -> None:
    assert "stays in its region" in problems(None, {"HEARTHGATE_DATABASE__URL": url})["database"]
    allowed = {"HEARTHGATE_DATABASE__URL": url, "HEARTHGATE_DATABASE__ALLOWED_HOSTS": "db.example.org"}
    assert load(None, allowed).database_url == SecretStr(url)


def test_an_address_that_a_service_file_would_give_is_refused_whatever_is_allowed() -> None:
    for parameter in ("service=far", "service=", "servicefile=/etc/pg"):
        url = f"postgresql+psycopg://u:{SECRET}@localhost/h?{parameter}"
        assert "may not name a service" in problems(None, {"HEARTHGATE_DATABASE__URL": url})["database"]


@pytest.mark.parametrize("url", ["mysql://localhost/h", "postgresql+asyncpg://localhost/h", "hearthgate.db", ""])
def test_another_kind_of_database_is_refused(url: str) -> None:
    assert "must begin with" in problems(None, {"HEARTHGATE_DATABASE__URL": url})["database"]


def test_what_is_shown_and_printed_holds_no_secret() -> None:
    settings = load(
        None,
        {
            "HEARTHGATE_MASTER_KEY": SECRET,
            "HEARTHGATE_DATABASE__URL": f"postgresql+psycopg://u{SECRET}:{SECRET}@localhost:5433/h?sslpassword={SECRET}",
        },
    )
    text = json.dumps(shown(settings))
    assert SECRET not in text + repr(settings) + str(settings.model_dump())
    assert shown(settings)["keys"]["master_key"] == "(hidden)"
    assert shown(settings)["database"]["url"] == "postgresql+psycopg://(hidden)@localhost:5433/h?(hidden)"
    assert shown(load(None, {}))["database"]["url"] == "sqlite:///hearthgate-data/hearthgate.db"


def test_serving_needs_a_region() -> None:
    assert [problem[:7] for problem in load(None, {}).problems_of_serving()] == ["region:"]
    assert load(None, {"HEARTHGATE_REGION": "eu"}).problems_of_serving() == []


@pytest.mark.parametrize("kind", ["nats", "mosquitto"])
def test_one_port_serves_one_thing(kind: str) -> None:
    settings = load(
        None, {"HEARTHGATE_REGION": "eu", "HEARTHGATE_BROKER__KIND": kind, "HEARTHGATE_OPERATOR__PORT": "8883"}
    )
    (problem,) = settings.problems_of_serving()
    assert "its port 8883 is that of operator" in problem


def test_free_ports_do_not_collide() -> None:
    settings = load(None, {"HEARTHGATE_REGION": "eu", "HEARTHGATE_OPERATOR__PORT": "0", "HEARTHGATE_API__PORT": "0"})
    assert settings.problems_of_serving() == []


def test_files_that_are_missing_are_named_before_serving(tmp_path: Path) -> None:
    settings = load(
        None,
        {
            "HEARTHGATE_REGION": "eu",
            "HEARTHGATE_BROKER__KIND": "external",
            "HEARTHGATE_BROKER__EXTERNAL__CA_FILE": "/no/ca.pem",
            "HEARTHGATE_TYPES_FOLDER": "/no/types",
        },
    )
    assert [problem.partition(":")[0] for problem in settings.problems_of_serving()] == [
        "broker.external.ca_file",
        "types_folder",
    ]


def test_the_endpoint_is_the_brokers_port_unless_said_otherwise() -> None:
    assert load(None, {"HEARTHGATE_ENDPOINT__PORT": "443"}).endpoint_port == 443
    external = {"HEARTHGATE_BROKER__KIND": "external", "HEARTHGATE_BROKER__EXTERNAL__DEVICE_PORT": "9999"}
    assert load(None, external).endpoint_port == 9999
    assert load(None, {"HEARTHGATE_BROKER__KIND": "mosquitto"}).endpoint_port == 8883


@pytest.mark.parametrize("host", ["", "a b", "user@host", "a/b", "x" * 300])
def test_what_is_no_host_is_refused(host: str) -> None:
    assert "no host name" in problems(None, {"HEARTHGATE_ENDPOINT__HOST": host})["endpoint.host"]


def test_the_process_environment_is_read_when_none_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("HEARTHGATE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HEARTHGATE_REGION", "moon")
    assert load().region == "moon"


def test_settings_cannot_be_changed_afterwards() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Settings().region = "mars"  # type: ignore[misc]  # that is the point
