"""What staff hold: the audit's signing key, QR codes, and the codes that customers read out."""

from collections import Counter
from pathlib import Path

import pytest

from gateway.security.audit_signatures import Ed25519AuditSigner
from gateway.security.keys import KeyRing, MasterKey
from gateway.security.private_keys import PrivateKeyError
from gateway.security.qr import qr_for_terminal
from gateway.security.tokens import KeyedTokens
from gateway.usecases.services import TokenPurpose

URI = "otpauth://totp/Hearthgate:ada?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Hearthgate"


def test_the_audits_key_is_kept_and_checks_what_it_signed(tmp_path: Path) -> None:
    first = Ed25519AuditSigner.from_file_or_new(tmp_path / "audit.key", b"passphrase")
    again = Ed25519AuditSigner.from_file_or_new(tmp_path / "audit.key", b"passphrase")
    signature = first.sign(b"row 7")
    assert len(signature) == 64
    assert again.verify(b"row 7", signature)
    for message, presented in (
        (b"row 8", signature),
        (b"row 7", signature[:-1]),
        (b"row 7", bytes(64)),
        (b"row 7", b""),
    ):
        assert not again.verify(message, presented)
    assert (tmp_path / "audit.key").stat().st_mode & 0o077 == 0


def test_another_master_key_does_not_open_it(tmp_path: Path) -> None:
    Ed25519AuditSigner.from_file_or_new(tmp_path / "audit.key", b"passphrase")
    with pytest.raises(PrivateKeyError):
        Ed25519AuditSigner.from_file_or_new(tmp_path / "audit.key", b"another")


def test_another_installation_signs_otherwise(tmp_path: Path) -> None:
    one, other = (Ed25519AuditSigner.from_file_or_new(tmp_path / name, b"passphrase") for name in ("one", "other"))
    assert not other.verify(b"row 7", one.sign(b"row 7"))


def test_a_qr_code_for_a_terminal_is_a_square_in_its_own_colours() -> None:
    lines = qr_for_terminal(URI).splitlines()
    widths = {len(line.removeprefix("\x1b[97;40m").removesuffix("\x1b[0m")) for line in lines}
    assert len(widths) == 1
    assert abs(widths.pop() - 2 * len(lines)) <= 1


def test_digits_are_so_many_and_each_is_as_likely() -> None:
    tokens = KeyedTokens(KeyRing(MasterKey(bytes(range(32)))))
    codes = [tokens.digits(6) for _ in range(5_000)]
    assert {len(code) for code in codes} == {6}
    counts = Counter("".join(codes))
    assert set(counts) == set("0123456789")
    assert max(counts.values()) < 1.15 * min(counts.values())  # 3,000 each, give or take 52
    assert len(tokens.shared_secret(20)) == 20
    assert tokens.shared_secret(20) != tokens.shared_secret(20)


def test_a_digest_of_one_purpose_is_none_of_another() -> None:
    tokens = KeyedTokens(KeyRing(MasterKey(bytes(range(32)))))
    assert len({tokens.digest(purpose, "123456") for purpose in TokenPurpose}) == len(TokenPurpose)
    token, digest = tokens.mint(TokenPurpose.STAFF)
    assert len(token) == 43  # 256 bits
    assert tokens.digest(TokenPurpose.STAFF, token) == digest
