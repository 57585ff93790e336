"""What `hearthgate simulate` refuses before it does anything. The fleet itself is tried in the journeys."""

import pytest

from tests.cli.shell import Shell


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--appliances", "0"], "--appliances"),
        (["--appliances", "2", "--accounts", "3"], "--accounts"),
        (["--rate", "-1"], "negative"),
        (["--host", "gateway.example.org"], "--allow-remote"),
        (["--host", "192.168.1.2"], "--allow-remote"),
    ],
)
def test_what_makes_no_sense_or_reaches_too_far_is_refused(shell: Shell, arguments: list[str], says: str) -> None:
    assert says in shell.refused("simulate", *arguments, code=2)
    assert not (shell.folder / "data").exists()


def test_a_fleet_needs_the_keys_of_its_gateway(shell: Shell) -> None:
    assert "run: hearthgate init" in shell.refused("simulate", "--appliances", "1", "--accounts", "1")


def test_a_fleet_without_a_gateway_fails_with_a_sentence(shell: Shell) -> None:
    shell("init")
    shell.environment |= {"HEARTHGATE_API__PORT": "1", "HEARTHGATE_BROKER__NATS__MQTT_PORT": "1"}
    result = shell.run("simulate", "--appliances", "1", "--accounts", "1", "--seconds", "0", "--json")
    assert result.exit_code == 1
    assert "Traceback" not in result.output
