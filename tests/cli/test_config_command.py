"""`hearthgate config`."""

import tomllib

from tests.cli.shell import Shell, Write


def test_what_is_shown_is_toml_without_secrets(shell: Shell) -> None:
    shell.environment |= {"HEARTHGATE_MASTER_KEY": "s3cret", "HEARTHGATE_REGION": "eu"}
    shown = shell("config", "show")
    values = tomllib.loads(shown)
    assert values["region"] == "eu"
    assert values["keys"]["master_key"] == "(hidden)"
    assert values["broker"]["nats"]["mqtt_port"] == 8883
    assert "s3cret" not in shown
    assert shell.json("config", "show")["keys"]["master_key"] == "(hidden)"


def test_a_file_is_read_where_it_is_named(shell: Shell, written: Write) -> None:
    path = written("own.toml", 'region = "moon"\n')
    assert shell.json("config", "show", "--config", path)["region"] == "moon"
    shell.environment["HEARTHGATE_CONFIG"] = path
    assert shell.json("config", "show")["region"] == "moon"


def test_a_good_configuration_is_called_good(shell: Shell) -> None:
    shell.environment["HEARTHGATE_REGION"] = "eu"
    assert shell("config", "check") == "the configuration is good\n"
    assert shell.json("config", "check") == {"ok": True, "problems": []}


def test_what_keeps_a_gateway_from_serving_is_listed(shell: Shell) -> None:
    assert shell("config", "check", code=1).startswith("region: is required")
    assert shell.json("config", "check", code=1)["ok"] is False
    assert "region: is required" in shell.refused("serve", code=2)


def test_an_unknown_setting_is_a_sentence_and_exit_two(shell: Shell, written: Write) -> None:
    path = written("own.toml", "[api]\nprot = 1\n")
    assert "api.prot: is no setting (did you mean api.port?)" in shell.refused(
        "config", "show", "--config", path, code=2
    )


def test_a_missing_file_is_a_sentence(shell: Shell) -> None:
    assert "none.toml cannot be read" in shell.refused("config", "show", "--config", "none.toml", code=2)
