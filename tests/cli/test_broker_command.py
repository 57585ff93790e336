"""`hearthgate broker render` and `hearthgate export`."""

import json
from pathlib import Path

import pytest

from tests.cli.shell import Shell


@pytest.mark.parametrize(("kind", "own"), [("mosquitto", "mosquitto.conf"), ("emqx", "emqx.conf")])
def test_a_brokers_files_are_written_for_their_owner_only(shell: Shell, tmp_path: Path, kind: str, own: str) -> None:
    shell("ca", "init")
    folder = tmp_path / "broker"
    files = shell.json("broker", "render", kind, str(folder))["files"]
    assert {own, "server.pem", "server.key", "claim-ca.pem", "device-ca.pem", "service-ca.pem"} <= set(files)
    assert {path.name for path in folder.iterdir()} == set(files)
    assert all(path.stat().st_mode & 0o077 == 0 for path in folder.iterdir())


def test_rendering_again_keeps_the_server_certificate(shell: Shell, tmp_path: Path) -> None:
    shell("ca", "init")
    shell("broker", "render", "mosquitto", str(tmp_path / "broker"))
    before = (tmp_path / "broker" / "server.pem").read_bytes()
    assert "server.pem" in shell("broker", "render", "mosquitto", str(tmp_path / "broker"))
    assert (tmp_path / "broker" / "server.pem").read_bytes() == before


def test_the_ports_are_those_of_the_configuration(shell: Shell, tmp_path: Path) -> None:
    shell("ca", "init")
    shell.environment["HEARTHGATE_BROKER__EXTERNAL__CLAIM_PORT"] = "18884"
    shell("broker", "render", "mosquitto", str(tmp_path / "b"), "--service-bind", "10.1.2.3")
    text = (tmp_path / "b" / "mosquitto.conf").read_text()
    assert "listener 18884" in text
    assert "listener 8885 10.1.2.3" in text


def test_a_path_that_a_broker_cannot_read_is_a_sentence(shell: Shell, tmp_path: Path) -> None:
    shell("ca", "init")
    shell.refused("broker", "render", "mosquitto", str(tmp_path / "a b"))


def test_without_authorities_nothing_is_rendered(shell: Shell, tmp_path: Path) -> None:
    shell.environment["HEARTHGATE_MASTER_KEY"] = bytes(range(32)).hex()
    assert "run: hearthgate ca init" in shell.refused("broker", "render", "emqx", str(tmp_path / "b"))
    assert not (tmp_path / "b").exists()


def test_the_openapi_document_is_exported(shell: Shell, tmp_path: Path) -> None:
    assert json.loads(shell("export", "openapi"))["openapi"] == "3.1.0"
    out = tmp_path / "openapi.json"
    assert shell.json("export", "openapi", "--out", str(out))["bytes"] == out.stat().st_size
    assert str(out) in shell("export", "openapi", "-o", str(out))


def test_the_data_map_is_exported_for_programs_staff_and_persons(shell: Shell, tmp_path: Path) -> None:
    assert "units" in json.dumps(shell.json("export", "data-map"))
    assert "mac_index" in shell("export", "data-map")
    assert "mac_index" not in shell("export", "data-map", "--person")
    out = tmp_path / "stored.md"
    assert str(out) in shell("export", "data-map", "--out", str(out))
    assert "mac_index" in out.read_text(encoding="utf-8")


def test_the_record_of_processing_is_exported_in_both_languages(shell: Shell, tmp_path: Path) -> None:
    assert "# Record of processing" in shell("export", "processing-record")
    assert shell("export", "processing-record", "--zh").startswith("# 处理活动记录")
    record = shell.json("export", "processing-record")
    assert "location" in [one["key"] for one in record["activities"]]
    out = tmp_path / "record.md"
    assert str(out) in shell("export", "processing-record", "--out", str(out))
    assert "share.webhook" in out.read_text(encoding="utf-8")


def test_a_place_that_cannot_be_written_is_a_sentence(shell: Shell) -> None:
    assert "No such file or directory" in shell.refused("export", "openapi", "--out", "/none/x.json")
