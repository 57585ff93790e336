"""`hearthgate units block | unblock` and `hearthgate ca crl`."""

from pathlib import Path

import pytest
from cryptography import x509

from tests.cli.shell import Shell, Write
from tests.cli.test_units_command import HEADER, row


@pytest.fixture
def with_units(shell: Shell, written: Write) -> Shell:
    shell("init")
    shell("units", "import", written("list.csv", HEADER + row(1) + row(2)))
    return shell


def test_a_unit_is_blocked_and_unblocked(with_units: Shell) -> None:
    assert with_units("units", "block", "sq24-0001-1183", "--reason", "theft") == ("blocked; it was never activated\n")
    listed = with_units("units", "list", "--json")
    assert "theft" in listed
    assert with_units.json("units", "unblock", "SQ24-0001-1183") == {"unblocked": True, "was_active": False}
    assert "theft" not in with_units("units", "list", "--json")


def test_an_unknown_unit_a_bad_code_and_a_bad_reason_are_told_apart(with_units: Shell) -> None:
    assert with_units.refused("units", "block", "SQ24-0009-1183", "--reason", "theft", code=1) == (
        "there is no unit with this machine code"
    )
    assert with_units.refused("units", "block", "x", "--reason", "theft", code=2) == (
        "a machine code has 4 to 40 characters"
    )
    assert with_units.refused("units", "block", "SQ24-0001-1183", "--reason", "mood", code=2) == (
        "the reason is one of recall, theft, abuse"
    )


def test_the_lists_of_both_authorities_are_written_with_growing_numbers(with_units: Shell, tmp_path: Path) -> None:
    def number() -> int:
        listed = x509.load_pem_x509_crl((tmp_path / "lists" / "device.crl").read_bytes())
        return listed.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number

    (tmp_path / "lists").mkdir()
    answer = with_units.json("ca", "crl", str(tmp_path / "lists"))
    assert answer["files"] == ["claim.crl", "device.crl"]
    first = number()
    with_units("ca", "crl", str(tmp_path / "lists"))
    assert number() > first
