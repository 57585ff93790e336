"""`hearthgate staff` and `hearthgate audit verify`."""

import sqlite3
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.cli.shell import Shell

PASSWORD = b"a kettle sings at dusk\n"


@pytest.fixture
def ready(shell: Shell) -> Shell:
    shell("init")
    shell.environment["HEARTHGATE_PASSWORDS__BCRYPT_COST"] = "10"
    return shell


def database_of(shell: Shell) -> Path:
    return next((shell.folder / "data").glob("*.db"))


def edited(shell: Shell, statement: str) -> None:
    """As somebody would who has the file."""
    connection = sqlite3.connect(database_of(shell))
    with connection:
        connection.execute(statement)
    connection.close()


def test_the_first_admin_is_made_on_the_machine_and_listed(ready: Shell) -> None:
    made = ready.json("staff", "create", "Ada", "--role", "admin", stdin=PASSWORD)
    uri = urlsplit(made["otpauth_uri"])
    asked = parse_qs(uri.query)
    assert (uri.scheme, uri.netloc, uri.path) == ("otpauth", "totp", "/Hearthgate:ada")
    assert len(asked["secret"][0]) == 32
    listed = ready.json("staff", "list")
    assert [(one["name"], one["roles"], one["disabled_at"]) for one in listed] == [("ada", ["admin"], None)]
    assert ready("staff", "list") == "ada  admin\n"


def test_nobody_yet_is_a_hint(ready: Shell) -> None:
    assert "staff create" in ready("staff", "list")


def test_a_bad_choice_is_one_sentence_that_names_everything_and_shows_nothing(ready: Shell) -> None:
    said = ready.refused("staff", "create", "a b", "-r", "admin", "-r", "agent", stdin=b"12345678\n", code=2)
    assert "name: holds letters" in said
    assert "password: " in said
    assert "roles: the role admin goes with no other" in said
    assert "12345678" not in said
    assert ready.json("staff", "list") == []


def test_an_unknown_role_is_told_with_those_that_exist(ready: Shell) -> None:
    assert "privacy_officer" in ready.refused("staff", "create", "ada", "-r", "king", stdin=PASSWORD, code=2)


def test_a_name_is_taken_once(ready: Shell) -> None:
    ready("staff", "create", "ada", "-r", "agent", stdin=PASSWORD)
    assert "already" in ready.refused("staff", "create", "ADA", "-r", "viewer", stdin=PASSWORD)


def test_a_lost_authenticator_gets_another_secret(ready: Shell) -> None:
    first = ready.json("staff", "create", "ada", "-r", "agent", stdin=PASSWORD)["otpauth_uri"]
    assert ready.json("staff", "reset-totp", "ada")["otpauth_uri"] != first
    assert "nobody" in ready.refused("staff", "reset-totp", "bob")


def test_a_password_is_set_and_checked(ready: Shell) -> None:
    ready("staff", "create", "ada", "-r", "agent", stdin=PASSWORD)
    assert ready.json("staff", "set-password", "ada", stdin=b"another long password\n") == {
        "done": "password set", "sessions_ended": 0,
    }  # fmt: skip
    assert "password: " in ready.refused("staff", "set-password", "ada", stdin=b"short\n", code=2)
    assert "nobody" in ready.refused("staff", "set-password", "bob", stdin=PASSWORD)


def test_the_last_admin_is_not_disabled(ready: Shell) -> None:
    ready("staff", "create", "ada", "-r", "admin", stdin=PASSWORD)
    assert "last admin" in ready.refused("staff", "disable", "ada")
    ready("staff", "create", "bob", "-r", "admin", stdin=PASSWORD)
    ready("staff", "disable", "ada")
    assert [one["disabled_at"] is None for one in ready.json("staff", "list")] == [False, True]


def test_all_of_it_is_in_the_audit_and_the_audit_is_sound(ready: Shell) -> None:
    assert ready("audit", "verify") == "the audit is sound, and empty\n"
    ready("staff", "create", "ada", "-r", "agent", stdin=PASSWORD)
    ready("staff", "reset-totp", "ada")
    ready("staff", "list")
    assert ready.json("audit", "verify") == {
        "sound": True, "rows": 3, "first": 1, "last": 3, "signatures": 0, "signed_up_to": 0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("statement", "row", "fault"),
    [
        ("UPDATE audit_rows SET reason = 'nothing' WHERE number = 2", 2, "edited"),
        ("DELETE FROM audit_rows WHERE number = 2", 2, "missing"),
        ("DELETE FROM audit_rows WHERE number = 3", 3, "end_missing"),
    ],
)
def test_who_changes_the_file_is_found_out(ready: Shell, statement: str, row: int, fault: str) -> None:
    for name in ("ada", "bob", "cleo"):
        ready("staff", "create", name, "-r", "agent", stdin=PASSWORD)
    edited(ready, statement)
    assert ready.json("audit", "verify", code=1) == {"sound": False, "row": row, "fault": fault}
    assert ready("audit", "verify", code=1).startswith(f"row {row}: it ")


def test_without_the_end_of_the_audit_nothing_more_is_done(ready: Shell) -> None:
    ready("staff", "create", "ada", "-r", "agent", stdin=PASSWORD)
    edited(ready, "DELETE FROM audit_rows")
    assert "audit cannot be written" in ready.refused("staff", "create", "bob", "-r", "agent", stdin=PASSWORD)
    assert "audit cannot be written" in ready.refused("staff", "list")
    connection = sqlite3.connect(database_of(ready))
    assert connection.execute("SELECT count(*) FROM staff").fetchone() == (1,)
    connection.close()
