"""`hearthgate consent` and `hearthgate policy`."""

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.domain.policies import Language, Policy
from gateway.security.receipt_signatures import Ed25519ReceiptSigner
from tests.cli.shell import Shell, Write
from tests.usecases.test_receipts import ANN, OURS, THEIRS, a_receipt

SIGNIFICANT: dict[str, Any] = {
    "version": 2,
    "kind": "significant",
    "reasons": ["use"],
    "affects": ["location.auto_off"],
    "effective_at": "2031-01-01T00:00:00+00:00",
}


@pytest.fixture
def ready(shell: Shell) -> Shell:
    shell("init")
    return shell


def a_policy(folder: Path, about: dict[str, Any]) -> str:
    folder.mkdir(exist_ok=True)
    (folder / "policy.json").write_text(json.dumps(about), encoding="utf-8")
    for language in Language:
        text = f"# {language.value}\n\n{{{{controller}}}} stores:\n\n{{{{stored}}}}\n"
        (folder / f"{language.value}.md").write_text(text, encoding="utf-8")
    return str(folder)


def first(shell: Shell, folder: Path) -> None:
    shell("policy", "publish", a_policy(folder / "first", {"version": 1, "kind": "significant"}))


# -- receipts


def test_a_receipt_is_checked_with_a_key_alone(shell: Shell, written: Write) -> None:
    path = written("receipt.json", json.dumps(a_receipt()))
    found = shell.json("consent", "verify", path, "--key", OURS.public_key, "--account", ANN)
    assert (found["genuine"], found["purpose"], found["state"]) == (True, "location.reminder", "consent_given")
    assert "genuine: consent given for location.reminder" in shell("consent", "verify", path, "--key", OURS.public_key)


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (("--key", THEIRS.public_key), "wrong_key"),
        (("--key", OURS.public_key, "--account", "a-bob"), "other_person"),
        (("--key", OURS.public_key, "--purpose", "share.webhook"), "other_purpose"),
    ],
)
def test_one_that_proves_nothing_ends_with_1(
    shell: Shell, written: Write, arguments: tuple[str, ...], fault: str
) -> None:
    path = written("receipt.json", json.dumps(a_receipt()))
    assert shell.json("consent", "verify", path, *arguments, code=1) == {"genuine": False, "fault": fault}
    assert "proves nothing" in shell("consent", "verify", path, *arguments, code=1)


def test_an_edited_one_is_forged(shell: Shell, written: Write) -> None:
    edited = a_receipt()
    edited["record"]["pii_principal_id"] = "a-bob"
    path = written("receipt.json", json.dumps(edited))
    assert shell.json("consent", "verify", path, "--key", OURS.public_key, code=1)["fault"] == "forged"


def test_without_a_key_that_of_this_installation_counts_and_none_is_made(ready: Shell, written: Write) -> None:
    path = written("receipt.json", json.dumps(a_receipt()))
    assert "there is no key of receipts" in ready.refused("consent", "verify", path)
    ready("policy", "list")  # opens the keys, as the gateway does when it starts
    assert ready.json("consent", "verify", path, code=1)["fault"] == "wrong_key"
    assert ready("consent", "key").strip() == ready.json("consent", "key")["key"]


def test_a_bad_key_or_a_missing_file_is_a_sentence(shell: Shell, written: Write) -> None:
    path = written("receipt.json", "{}")
    assert "no Ed25519 public key" in shell.refused("consent", "verify", path, "--key", "x", code=2)
    assert "No such file" in shell.refused("consent", "verify", "missing.json", "--key", OURS.public_key)


def test_the_signer_keeps_its_key(tmp_path: Path) -> None:
    made = Ed25519ReceiptSigner.from_file_or_new(tmp_path / "receipts.key", b"passphrase")
    again = Ed25519ReceiptSigner.from_file_or_new(tmp_path / "receipts.key", b"passphrase")
    assert made.public_key == again.public_key
    assert (tmp_path / "receipts.key").stat().st_mode & 0o077 == 0


# -- policies


def test_a_version_is_published_listed_and_shown(ready: Shell, tmp_path: Path) -> None:
    assert "none was published" in ready("policy", "list")
    first(ready, tmp_path)
    done = ready.json("policy", "publish", a_policy(tmp_path / "second", SIGNIFICANT))
    assert (done["version"], done["reasons"], done["affects"], done["told"]) == (2, ["use"], ["location.auto_off"], 0)
    assert [one["version"] for one in ready.json("policy", "list")] == [1, 2]
    assert "asks anew for location.auto_off" in ready("policy", "list").splitlines()[1]
    text = ready.json("policy", "show", "2", "--lang", "zh")["text"]
    assert text.startswith("# zh")
    assert "{{" not in text
    assert "直到注销账号" in text


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"version": 3}, "the next version is 2"),
        ({"version": "2"}, "version is a whole number"),
        ({"kind": "medium"}, "'medium' is not a valid PolicyKind"),
        ({"reasons": []}, "at least one of the six reasons"),
        ({"reduces_rights": True}, "has rights among its reasons"),
        ({"reduces_rights": "no"}, "reduces_rights is true or false"),
        ({"effective_at": "2020-01-01T00:00:00+00:00"}, "cannot take effect before it is published"),
        ({"effective_at": "2031-01-01"}, "has no time zone"),
        ({"effective_at": None}, "people are told of a version before it counts"),
        ({"affects": ["everything"]}, "'everything' is not a valid Purpose"),
        ({"colour": "red"}, "there is no field colour"),
    ],
)
def test_a_version_that_does_not_fit_is_told_why_and_not_published(
    ready: Shell, tmp_path: Path, changes: dict[str, Any], sentence: str
) -> None:
    first(ready, tmp_path)
    assert sentence in ready.refused("policy", "publish", a_policy(tmp_path / "bad", {**SIGNIFICANT, **changes}))
    assert len(ready.json("policy", "list")) == 1


def test_files_that_are_missing_or_hold_unknown_places_are_named(ready: Shell, tmp_path: Path) -> None:
    folder = Path(a_policy(tmp_path / "bad", {"version": 1, "kind": "significant"}))
    (folder / "zh.md").write_text("{{birthday}}", encoding="utf-8")
    assert "zh.md: nothing is known to put in place of {{birthday}}" in ready.refused("policy", "publish", str(folder))
    (folder / "zh.md").unlink()
    assert "zh.md cannot be read" in ready.refused("policy", "publish", str(folder))
    (folder / "policy.json").write_text("[]", encoding="utf-8")
    assert "policy.json is not an object" in ready.refused("policy", "publish", str(folder))
    assert "policy.json cannot be read" in ready.refused("policy", "publish", str(tmp_path / "nowhere"))


def test_a_version_or_language_that_is_not_there_is_a_sentence(ready: Shell) -> None:
    assert "there is no version 1" in ready.refused("policy", "show", "1")
    assert "there are texts in en and zh" in ready.refused("policy", "show", "1", "--lang", "fr")


def test_a_policy_has_the_fields_that_its_file_names() -> None:
    assert {"version", "kind", "reasons", "affects", "reduces_rights", "effective_at"} < set(Policy.__slots__)
