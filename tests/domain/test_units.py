import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.units import (
    CertificateCredential,
    KeyCredential,
    Unfit,
    check_unit_key,
    normal_mac,
    normal_machine_code,
    normal_setup_code,
    tail_of,
)
from gateway.domain.weak_secrets import derivable

MAC = "a4:c1:38:00:4f:2a"
CODE = "SQ24-0007-1183"


@pytest.mark.parametrize(
    "text", ["a4:c1:38:00:4f:2a", "A4-C1-38-00-4F-2A", "a4c138004f2a", " A4:C1:38:00:4F:2A\n", "a4c1.3800.4f2a"]
)
def test_a_mac_is_written_in_one_way(text: str) -> None:
    assert normal_mac(text) == MAC


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a4:c1:38:00:4f",
        "a4:c1:38:00:4f:2a:01",
        "a4:c1:38:00:4f:2g",
        "a4:c1-38:00:4f:2a",
        "00:00:00:00:00:00",
        "ff:ff:ff:ff:ff:ff",
        "01:00:5e:00:00:01",
        "\uff144:c1:38:00:4f:2a",
    ],
)
def test_what_is_no_mac_of_one_appliance_is_refused(text: str) -> None:
    refused = normal_mac(text)
    assert isinstance(refused, Unfit)
    assert text.strip() == "" or text.strip() not in refused.reason


@pytest.mark.parametrize(
    ("text", "normal"),
    [("sq24-0007-1183", CODE), ("  SQ24-0007-1183 ", CODE), ("\uff33\uff3124-0007-1183", CODE), ("a.b_c", "A.B_C")],
)
def test_a_machine_code_is_written_in_one_way(text: str, normal: str) -> None:
    assert normal_machine_code(text) == normal


@pytest.mark.parametrize(
    "text", ["abc", "A" * 41, "SQ24 0007", "SQ24/0007", "-SQ24", "SQ24-", "SQ24\n0007", "\u0405Q24"]
)
def test_what_is_no_machine_code_is_refused(text: str) -> None:
    assert isinstance(normal_machine_code(text), Unfit)


@given(st.text())
def test_normalising_twice_is_the_same_as_once(text: str) -> None:
    for normalise in (normal_mac, normal_machine_code, normal_setup_code):
        once = normalise(text)
        assert isinstance(once, Unfit) or normalise(once) == once


def test_a_setup_code_is_typed_with_or_without_hyphens() -> None:
    assert normal_setup_code("k7qp-m2xw ") == "K7QPM2XW"


@pytest.mark.parametrize("text", ["K7QPM2X", "K" * 33, "K7QPM2X!", ""])
def test_what_is_no_setup_code_is_refused(text: str) -> None:
    assert isinstance(normal_setup_code(text), Unfit)


def test_a_unit_key_has_128_bits_or_more() -> None:
    assert isinstance(check_unit_key(bytes(15)), Unfit)
    assert isinstance(check_unit_key(bytes(65)), Unfit)
    assert check_unit_key(bytes(16)) is None


def test_people_see_two_characters() -> None:
    assert tail_of(MAC) == "2a"


def test_a_credential_never_shows_itself() -> None:
    assert "secret" not in repr(KeyCredential(b"secret"))
    assert "secret" not in repr(CertificateCredential(b"secret"))


@pytest.mark.parametrize(
    "secret",
    [
        "00000000",
        "12341234",
        "12345678",
        "87654321",
        "ABCDEFGH",
        "67890123",
        "A4C13800",
        "38004F2A",
        "38-00-4f-2a",
        "A2F40083",
        "004F2AXY",
        "XY2A4F00",
        "SQ240007",
        "00071183",
        "38117000",
        "071183XY",
        f"{int('004f2a', 16):08d}",
        hashlib.md5(MAC.encode(), usedforsecurity=False).hexdigest()[:8],
        hashlib.sha1(b"A4C138004F2A", usedforsecurity=False).hexdigest()[:10].upper(),
        hashlib.sha256(b"SQ2400071183").hexdigest()[:8],
        hashlib.sha256(bytes.fromhex("a4c138004f2a")).hexdigest()[-8:],
        hashlib.md5(b"A4:C1:38:00:4F:2A\n", usedforsecurity=False).hexdigest()[:12],
        hashlib.sha256(b"a4c138004f2asq2400071183").hexdigest()[:16],
    ],
)
def test_a_setup_code_that_anyone_can_work_out_is_found(secret: str) -> None:
    assert derivable(secret, mac=MAC, machine_code=CODE)


@pytest.mark.parametrize(
    "secret",
    [
        bytes(16),
        b"\xff" * 32,
        bytes(range(16)),
        bytes(range(15, -1, -1)),
        b"ab" * 8,
        bytes.fromhex("a4c138004f2a") * 3,
        bytes.fromhex("a4c138004f2a") + bytes(10),
        b"A4C138004F2A0000",
        b"SQ24-0007-1183xx",
        hashlib.md5(MAC.encode(), usedforsecurity=False).digest(),
        hashlib.sha256(CODE.encode()).digest()[:16],
        hashlib.sha1(b"a4c138004f2a", usedforsecurity=False).digest()[:16],
    ],
)
def test_a_unit_key_that_anyone_can_work_out_is_found(secret: bytes) -> None:
    assert derivable(secret, mac=MAC, machine_code=CODE)


@pytest.mark.parametrize("number", range(300))
def test_a_random_secret_is_good(number: int) -> None:
    digest = hashlib.sha512(b"a seed of these tests" + number.to_bytes(2)).digest()
    code = "".join("23456789ABCDEFGHJKMNPQRSTVWXYZ"[octet % 30] for octet in digest[:8])
    assert not derivable(code, mac=MAC, machine_code=CODE)
    assert not derivable(digest[16:32], mac=MAC, machine_code=CODE)
