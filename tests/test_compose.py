"""The compose files and the Dockerfile, held against the program that they run. No container engine is needed."""

import re
import shlex
import stat
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest
import yaml  # type: ignore[import-untyped] # its types are a package of their own; one test reads two files with it
from typer.main import get_command

from gateway.broker.nats.binary import PINNED_VERSION
from gateway.cli.app import app
from gateway.config import load
from gateway.config.settings import Settings

ROOT: Final = Path(__file__).parent.parent
FILES: Final = ("docker-compose.yml", "docker-compose.mosquitto.yml")
SAMPLE: Final = {"HG_NAME": "gateway.example.net", "HG_REGION": "eu-central"}
UID: Final = "10001:10001"
VARIABLE: Final = re.compile(r"\$\{([A-Z_]+)(?::([-?])([^}]*))?\}")
IMAGE: Final = re.compile(r"[a-z0-9./-]+:[0-9]+\.[0-9]+(\.[0-9]+)?(-[a-z0-9.-]+)?")
SERVICE_KEYS: Final = {
    *("build", "cap_drop", "command", "depends_on", "entrypoint", "environment", "healthcheck", "image", "logging"),
    *("network_mode", "networks", "ports", "read_only", "restart", "secrets", "security_opt", "shm_size"),
    *("stop_grace_period", "tmpfs", "user", "volumes"),
}
"""Keys of the compose specification that are used here: a misspelt one would be passed over by some engines."""


@pytest.fixture(params=FILES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def compose(name: str) -> dict[str, Any]:
    return read(name)


def read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = filled(yaml.safe_load((ROOT / name).read_text(encoding="utf-8")))
    return found


def filled(node: Any) -> Any:
    """The file as an engine reads it with the sample's variables: they are put into values, after parsing."""
    match node:
        case dict():
            return {key: filled(value) for key, value in node.items()}
        case list():
            return [filled(value) for value in node]
        case str():
            return filled_text(node)
        case _:
            return node


def filled_text(text: str) -> str:

    def value(match: re.Match[str]) -> str:
        variable, how, default = match.groups()
        if variable in SAMPLE:
            return SAMPLE[variable]
        assert how == "-", f"{variable} is neither in the sample nor optional"
        return str(default)

    return VARIABLE.sub(value, text)


def settings_of(service: dict[str, Any], tmp_path: Path) -> Settings:
    """What the gateway reads from a service's environment, with its secrets in a folder of the test."""
    environment = dict(service["environment"])
    for variable, path in environment.items():
        if path.startswith("/run/secrets/"):
            assert path.removeprefix("/run/secrets/") in service["secrets"]
            secret = tmp_path / Path(path).name
            secret.write_text("postgresql+psycopg://hearthgate:0a1b@postgres/hearthgate\n", encoding="ascii")
            environment[variable] = str(secret)
    return load(environment=environment)


def ours(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {key: service for key, service in compose["services"].items() if "build" in service}


def commands(service: dict[str, Any]) -> list[list[str]]:
    """The calls of `hearthgate` that a service makes."""
    if "entrypoint" not in service:
        return [service["command"]]
    assert service["entrypoint"] == ["/bin/sh", "-ec"]
    calls = [shlex.split(call) for call in service["command"][0].split("&&")]
    assert all(call[0] == "hearthgate" for call in calls)
    return [call[1:] for call in calls]


def test_every_container_has_a_read_only_root_no_capabilities_and_no_root_user(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert not service["user"].startswith("0")
        assert "privileged" not in service
        assert set(service) <= SERVICE_KEYS


def test_every_image_is_pinned(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        assert IMAGE.fullmatch(service["image"]), service["image"]


def test_only_the_ports_of_appliances_and_of_the_app_are_published(name: str, compose: dict[str, Any]) -> None:
    published = {key: service["ports"] for key, service in compose["services"].items() if "ports" in service}
    broker = {"nats": ["8883:8883"]} if name == FILES[0] else {"mosquitto": ["8883:8883", "8884:8884"]}
    assert published == {"gateway": ["443:8443"], **broker}


def test_the_database_has_no_way_out(compose: dict[str, Any]) -> None:
    assert compose["services"]["postgres"]["networks"] == ["inside"]
    assert compose["networks"]["inside"] == {"internal": True}


def test_the_environment_is_a_configuration_with_which_a_gateway_can_serve(
    compose: dict[str, Any], tmp_path: Path
) -> None:
    for service in ours(compose).values():
        settings = settings_of(service, tmp_path)
        assert settings.problems_of_serving() == []
        assert settings.region == SAMPLE["HG_REGION"]
        assert settings.api.hosts == (SAMPLE["HG_NAME"],)
        assert settings.endpoint.host == SAMPLE["HG_NAME"]


def test_the_set_up_and_the_gateway_read_the_same_settings(compose: dict[str, Any]) -> None:
    one, other = (service["environment"] for service in ours(compose).values())
    assert one == other


def test_published_ports_are_those_that_something_listens_on(compose: dict[str, Any], tmp_path: Path) -> None:
    settings = settings_of(compose["services"]["gateway"], tmp_path)
    external = settings.broker.external
    listening = {
        "gateway": {settings.api.port},
        "nats": {settings.broker.nats.mqtt_port},
        "mosquitto": {external.claim_port, external.device_port},
    }
    for key, service in compose["services"].items():
        for port in service.get("ports", ()):
            assert int(port.split(":")[1]) in listening[key]


def test_the_gateway_reaches_broker_and_database_by_the_names_of_their_services(
    compose: dict[str, Any], tmp_path: Path
) -> None:
    settings = settings_of(compose["services"]["gateway"], tmp_path)
    broker = settings.broker.nats.client_host if settings.broker.kind == "nats" else settings.broker.external.host
    assert broker in compose["services"]
    assert set(settings.database.allowed_hosts) <= set(compose["services"])
    assert not settings.broker.nats.supervised or settings.broker.kind == "external"


def test_commands_exist_with_these_options(compose: dict[str, Any]) -> None:
    for service in ours(compose).values():
        for call in commands(service):
            found: Any = get_command(app)
            words = list(call)
            while hasattr(found, "commands"):
                found = found.commands[words.pop(0)]
            found.make_context("command", words)  # a usage error for what it does not take


def test_the_broker_runs_what_the_set_up_wrote(name: str, compose: dict[str, Any]) -> None:
    kind = "nats" if name == FILES[0] else "mosquitto"
    broker, setup = compose["services"][kind], compose["services"]["setup"]
    rendered = next(call for call in commands(setup) if call[:2] == ["broker", "render"])
    assert rendered[2] == kind
    folder = rendered[3]
    file = {"nats": "nats-server.conf", "mosquitto": "mosquitto.conf"}[kind]
    assert broker["command"] == ["-c", f"{folder}/{file}"]
    assert broker["depends_on"]["setup"] == {"condition": "service_completed_successfully"}


def test_whoever_reads_files_of_mode_0600_has_the_uid_that_wrote_them(compose: dict[str, Any]) -> None:
    writers = {volume(mount) for service in ours(compose).values() for mount in service["volumes"]}
    for service in compose["services"].values():
        if writers & {volume(mount) for mount in service["volumes"]}:
            assert service["user"] == UID


def test_a_broker_sees_neither_the_master_key_nor_the_authorities(name: str, compose: dict[str, Any]) -> None:
    broker = compose["services"]["nats" if name == FILES[0] else "mosquitto"]
    assert not {"data", "keys"} & {volume(mount) for mount in broker["volumes"]}
    assert "secrets" not in broker


def test_every_volume_secret_and_network_is_declared(compose: dict[str, Any]) -> None:
    services = compose["services"].values()
    assert {volume(mount) for service in services for mount in service["volumes"]} == set(compose["volumes"])
    assert {secret for service in services for secret in service.get("secrets", ())} == set(compose["secrets"])
    assert {network for service in services for network in service.get("networks", ())} == set(compose["networks"])


def test_every_folder_of_ours_that_is_mounted_belongs_to_the_images_user() -> None:
    mounted = {mount.split(":")[1] for file in FILES for one in ours(read(file)).values() for mount in one["volumes"]}
    made = re.search(r"install --directory .*?\n((?:.*\\\n)*.*)\n", dockerfile())
    assert made is not None
    assert mounted <= set(made[1].split())
    assert f"USER {UID}" in dockerfile()


def test_both_files_run_the_same_database() -> None:
    one, other = (read(file) for file in FILES)
    assert one["services"]["postgres"] == other["services"]["postgres"]
    assert one["secrets"] == other["secrets"]


def test_the_nats_image_has_the_version_that_was_tested() -> None:
    assert read(FILES[0])["services"]["nats"]["image"] == f"nats:{PINNED_VERSION}-alpine"


def test_no_secret_stands_in_an_environment(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        for variable, value in service.get("environment", {}).items():
            if re.search("PASSWORD|URL|KEY|SECRET|TOKEN", variable):
                assert variable.endswith("_FILE")
                assert value.startswith("/run/secrets/")


def test_every_broker_is_watched_at_the_port_where_the_gateway_connects(
    name: str, compose: dict[str, Any], tmp_path: Path
) -> None:
    settings = settings_of(compose["services"]["gateway"], tmp_path)
    nats = name == FILES[0]
    port = settings.broker.nats.client_port if nats else settings.broker.external.service_port
    check = compose["services"]["nats" if nats else "mosquitto"]["healthcheck"]["test"][1]
    assert f":{port:04X} " in check


def test_the_secrets_are_made_once_and_fit_together(tmp_path: Path) -> None:
    script = tmp_path / "secrets.sh"
    script.write_bytes((ROOT / "deploy" / "secrets.sh").read_bytes())
    for _ in range(2):
        subprocess.run(["/bin/sh", str(script)], check=True)  # noqa: S603 - our own script
        folder = tmp_path / "secrets"
        password = (folder / "postgres_password").read_text(encoding="ascii")
    assert re.fullmatch("[0-9a-f]{64}", password)
    url = (folder / "database_url").read_text(encoding="ascii").strip()
    assert url == f"postgresql+psycopg://hearthgate:{password}@postgres/hearthgate"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {path.name for path in folder.iterdir()} == set(read(FILES[0])["secrets"])


def test_the_dockerfile_copies_only_what_the_context_holds() -> None:
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line[:1] == "!"}
    copied = set()
    for line in re.findall(r"^COPY (?!--from)(.+)$", dockerfile(), re.MULTILINE):
        copied |= set(line.split()[:-1])
    assert copied == kept
    for path in copied - {"README.md"}:
        assert (ROOT / path).exists()


def test_the_image_serves_as_an_ordinary_user_and_tells_whether_it_is_ready() -> None:
    text = dockerfile()
    assert text.index("USER ") < text.index("ENTRYPOINT")
    assert 'ENTRYPOINT ["hearthgate"]\nCMD ["serve"]' in text
    assert "/readyz" in text
    assert f"'{Settings().operator.port}'" in text
    assert IMAGE.fullmatch(re.findall(r"^ARG PYTHON=(.+)$", text, re.MULTILINE)[0])


def dockerfile() -> str:
    return (ROOT / "Dockerfile").read_text(encoding="utf-8")


def volume(mount: str) -> str:
    return mount.partition(":")[0]
