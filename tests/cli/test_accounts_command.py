"""`hearthgate accounts import`."""

import hashlib

import pytest

from tests.cli.shell import Shell, Write

HEADER = "login_name,md5,salt,adult\n"


def row(name: str, *, md5: str | None = None, salt: str = "pepper", adult: str = "yes") -> str:
    return f"{name},{md5 or hashlib.md5(b'pepperold password').hexdigest()},{salt},{adult}\n"  # noqa: S324 - what comes in


@pytest.fixture
def ready(shell: Shell) -> Shell:
    shell("init")
    shell.environment["HEARTHGATE_PASSWORDS__BCRYPT_COST"] = "10"
    return shell


def test_accounts_are_imported_once(ready: Shell, written: Write) -> None:
    path = written("old.csv", HEADER + row("a@example.org") + row("b@example.org", adult="no"))
    assert ready.json("accounts", "import", path) == {
        "imported": 2, "already_there": 0, "refused": 0, "problems": [],
    }  # fmt: skip
    assert ready("accounts", "import", path) == "0 imported, 2 there already, 0 refused\n"


def test_bad_rows_are_named_and_do_not_hold_up_good_ones(ready: Shell, written: Write) -> None:
    text = HEADER + row("a@example.org") + row("b@example.org", adult="perhaps") + row("c@example.org", md5="x") + "d\n"
    answer = ready.json("accounts", "import", written("old.csv", text), "--salt-last", code=1)
    assert (answer["imported"], answer["refused"]) == (1, 3)
    assert [problem["line"] for problem in answer["problems"]] == [3, 4, 5]
    assert "example.org" not in str(answer)
    said = ready("accounts", "import", written("old.csv", text), "--salt-last", code=1).splitlines()
    assert said[0] == "line 3: adult must be yes or no"
    assert said[-1] == "0 imported, 1 there already, 3 refused"


def test_a_file_that_is_no_list_is_a_sentence(ready: Shell, written: Write) -> None:
    assert "must name the columns" in ready.refused("accounts", "import", written("old.csv", row("a@example.org")))
