"""`hearthgate erasure verify`: whether a receipt is genuine, without a gateway."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.security.receipt_signatures import Ed25519ReceiptSigner
from gateway.usecases.erasure_receipts import of_class, signed
from tests.cli.shell import Shell

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SIGNER = Ed25519ReceiptSigner(Ed25519PrivateKey.generate())
RECEIPT = of_class("commands", "e-1", {"commands": 3}, "local", NOW)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "receipt.json"
    path.write_bytes(signed(RECEIPT, SIGNER))
    return path


def test_a_genuine_receipt_is_told_by_its_key_alone(shell: Shell, file: Path, tmp_path: Path) -> None:
    said = shell("erasure", "verify", str(file), "--key", SIGNER.public_key)
    assert said == "the receipt is genuine: commands, signed at 2026-03-01T12:00:00+00:00\n"
    assert shell.json("erasure", "verify", str(file), "--key", SIGNER.public_key) == {
        "genuine": True,
        "receipt": RECEIPT,
    }
    assert not (tmp_path / "data").exists()  # nothing was opened or made


def test_a_changed_one_ends_with_one(shell: Shell, file: Path) -> None:
    file.write_text(file.read_text("utf-8").replace('"commands": 3', '"commands": 4'), "utf-8")
    said = shell("erasure", "verify", str(file), "--key", SIGNER.public_key, code=1)
    assert said.startswith("the receipt is not genuine: ")
    answer = shell.json("erasure", "verify", str(file), "--key", SIGNER.public_key, code=1)
    assert answer["genuine"] is False


def test_the_key_of_this_installation_is_the_one_that_counts_unless_another_is_given(shell: Shell, file: Path) -> None:
    shell("init")
    assert "--key" in shell.refused("erasure", "verify", str(file))
    shell("audit", "verify")  # opens everything, and so makes what is missing
    own = shell("erasure", "key").strip()
    assert shell.json("erasure", "key") == {"key": own}
    assert "not made with this installation's key" in shell("erasure", "verify", str(file), code=1)
    # The key that the document itself names proves nothing.
    document = json.loads(file.read_text("utf-8"))
    file.write_text(json.dumps({**document, "key": own}), "utf-8")
    assert "not made with this installation's key" in shell("erasure", "verify", str(file), code=1)


def test_what_is_no_key_and_no_file_is_said(shell: Shell, file: Path, tmp_path: Path) -> None:
    assert "no Ed25519 public key" in shell.refused("erasure", "verify", str(file), "--key", "abc", code=2)
    missing = shell.refused("erasure", "verify", str(tmp_path / "none"), "--key", SIGNER.public_key)
    assert "No such file" in missing
