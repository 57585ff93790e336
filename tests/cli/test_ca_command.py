"""`hearthgate init` and `hearthgate ca`."""

from pathlib import Path

import pytest

from tests.cli.shell import Shell, Write


def test_init_makes_everything_once(shell: Shell) -> None:
    first = shell.json("init")
    assert first["master_key_made"] is True
    assert set(first["authorities_made"]) == {"factory", "device", "service", "https"}
    assert (Path(first["data_folder"]) / "keys" / "master.key").stat().st_mode & 0o777 == 0o600
    assert shell.json("init") == {
        "data_folder": first["data_folder"], "master_key_made": False, "authorities_made": [],
    }  # fmt: skip
    assert "there already" in shell("init")


def test_init_tells_a_person_what_to_keep(shell: Shell) -> None:
    assert "keep a copy" in shell("init")


def test_init_takes_a_given_key_and_writes_none(shell: Shell) -> None:
    shell.environment["HEARTHGATE_MASTER_KEY"] = bytes(range(32)).hex()
    assert shell.json("init")["master_key_made"] is False
    assert not (shell.folder / "data" / "keys").exists()
    assert "master key" not in shell("init")


def test_a_master_key_that_is_none_is_a_sentence_without_it(shell: Shell) -> None:
    shell.environment["HEARTHGATE_MASTER_KEY"] = "s3cret"
    assert "s3cret" not in shell.refused("init")


def test_a_master_key_that_others_may_read_is_refused(shell: Shell) -> None:
    shell("init")
    (shell.folder / "data" / "keys" / "master.key").chmod(0o644)
    assert "chmod 600" in shell.refused("ca", "show")


def test_ca_init_makes_the_authorities(shell: Shell) -> None:
    assert len(shell.json("ca", "init")["made"]) == 4
    assert shell.json("ca", "init") == {"made": []}
    assert "there already" in shell("ca", "init")


def test_the_authorities_are_shown_with_fingerprint_and_end(shell: Shell) -> None:
    shell("ca", "init")
    rows = shell.json("ca", "show")["trusted"]
    assert [(row["name"], row["generation"]) for row in rows] == [
        ("factory", 1), ("device", 1), ("service", 1), ("https", 1),
    ]  # fmt: skip
    assert rows[0]["fingerprint"] in shell("ca", "show")


def test_without_a_key_or_authorities_there_is_nothing_to_show(shell: Shell) -> None:
    assert "run: hearthgate init" in shell.refused("ca", "show")
    assert not (shell.folder / "data").exists()
    shell.environment["HEARTHGATE_MASTER_KEY"] = bytes(range(32)).hex()
    assert "run: hearthgate ca init" in shell.refused("ca", "show")


def test_a_rotated_authority_is_trusted_beside_the_old_one_until_that_is_revoked(shell: Shell) -> None:
    shell("ca", "init")
    assert shell.json("ca", "rotate", "device")["made"][0]["generation"] == 2

    def generations() -> list[int]:
        return [row["generation"] for row in shell.json("ca", "show")["trusted"] if row["name"] == "device"]

    assert generations() == [2, 1]
    assert shell.json("ca", "revoke", "device", "1") == {"revoked": "device", "generation": 1}
    assert generations() == [2]


@pytest.mark.parametrize(
    ("arguments", "says", "code"),
    [
        (["rotate", "moon"], "there is no authority of this name", 2),
        (["revoke", "moon", "1"], "there is no authority of this name", 2),
        (["revoke", "device", "7"], "no device authority of generation 7", 1),
        (["revoke", "device", "1"], "rotate first", 1),
        (["import-factory", "none.pem"], "none.pem: No such file", 1),
    ],
)
def test_what_cannot_be_done_to_an_authority_is_said(shell: Shell, arguments: list[str], says: str, code: int) -> None:
    shell("ca", "init")
    assert says in shell.refused("ca", *arguments, code=code)


def test_a_factorys_own_authority_is_imported_once(shell: Shell, written: Write) -> None:
    shell("ca", "init")
    theirs = written("theirs.pem", (shell.folder / "data" / "authorities" / "https-0001.pem").read_text())
    assert shell.json("ca", "import-factory", theirs)["trusted"][0]["generation"] == 2
    assert shell.json("ca", "import-factory", theirs)["trusted"][0]["generation"] == 2


@pytest.mark.parametrize("content", [b"\xff\xfe", b"no pem"])
def test_what_is_no_certificate_is_not_imported(shell: Shell, tmp_path: Path, content: bytes) -> None:
    shell("ca", "init")
    (tmp_path / "x.pem").write_bytes(content)
    shell.refused("ca", "import-factory", str(tmp_path / "x.pem"))
