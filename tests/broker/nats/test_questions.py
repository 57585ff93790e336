"""Reading what claims to be a server's question, without a server."""

import base64
import json
import secrets
from typing import Any

import nkeys
import pytest

from gateway.broker.nats.callout import _read
from gateway.broker.nats.nkey import BadTokenError, Signer, new_account_seed, public_key, read_token

ISSUER = public_key(new_account_seed(secrets.token_bytes(32)))
SERVER_SEED = bytes(nkeys.encode_seed(secrets.token_bytes(32), nkeys.PREFIX_BYTE_SERVER)).decode()
SERVER = Signer(SERVER_SEED)


def question(**changes: Any) -> dict[str, Any]:
    nats = {
        "user_nkey": "UA",
        "server_id": {"id": SERVER.issuer},
        "client_info": {"type": "mqtt", "mqtt_id": "d-1", "host": "192.0.2.1"},
        "client_tls": {"verified_chains": [["LEAF", "CA"]]},
    }
    claims = {"sub": ISSUER, "aud": "nats-authorization-request", "nats": {**nats, **changes.pop("nats", {})}}
    return {**claims, **changes}


def test_a_servers_question_is_read() -> None:
    read = _read(SERVER.sign(question()).encode(), ISSUER)
    assert read.presented is not None
    assert (read.presented.client_id, read.presented.certificate_pem, read.presented.address) == (
        "d-1", "LEAF", "192.0.2.1",
    )  # fmt: skip
    assert (read.user_nkey, read.server_id) == ("UA", SERVER.issuer)


@pytest.mark.parametrize(
    "nats",
    [
        {"client_tls": None},
        {"client_tls": {"verified_chains": []}},
        {"client_tls": {"verified_chains": [[]]}},
        {"client_tls": {"certs": ["not verified"]}},
        {"client_tls": {"verified_chains": [["x" * 20_000]]}},
        {"client_info": {"type": "mqtt", "mqtt_id": ""}},
        {"client_info": {"type": "nats", "mqtt_id": "d-1"}},
        {"client_info": {}},
    ],
)
def test_who_is_no_mqtt_client_with_a_verified_certificate_presents_nothing(nats: dict[str, Any]) -> None:
    assert _read(SERVER.sign(question(nats=nats)).encode(), ISSUER).presented is None


@pytest.mark.parametrize(
    "claims",
    [
        question(sub="AANOTHERISSUER"),
        question(aud="another-audience"),
        question(nats={"user_nkey": 5}),
        question(nats={"user_nkey": "AA"}),
        question(nats={"server_id": {"id": "NOTHERSERVER"}}),
        question(nats={"server_id": None}),
        question(nats={"client_info": None}),
        question(nats={"client_tls": {"verified_chains": {"a": 1}}}),
        {"nats": []},
        {},
    ],
)
def test_a_signed_token_that_is_no_question_for_us_is_not_read(claims: dict[str, Any]) -> None:
    with pytest.raises(BadTokenError):
        _read(SERVER.sign(claims).encode(), ISSUER)


def test_a_question_signed_by_an_account_instead_of_a_server_is_not_read() -> None:
    account = Signer(new_account_seed(secrets.token_bytes(32)))
    with pytest.raises(BadTokenError):
        _read(account.sign(question()).encode(), ISSUER)


def test_a_changed_question_is_not_read() -> None:
    head, _, signature = SERVER.sign(question()).split(".")
    other = base64.urlsafe_b64encode(json.dumps({**question(), "iss": SERVER.issuer}).encode()).rstrip(b"=").decode()
    with pytest.raises(BadTokenError):
        read_token(f"{head}.{other}.{signature}".encode(), issuer_type="N")


@pytest.mark.parametrize(
    "token",
    [b"", b"..", b"a.b.c", b"\xff\xfe.\x00.x", b"e30.e30.e30", b"x" * 70_000, b"bnVsbA.bnVsbA.AAAA", b"W10.W10.AAAA",
     base64.urlsafe_b64encode(b'{"alg":"none"}') + b"." + base64.urlsafe_b64encode(b'{"iss":"NA"}') + b".",
     base64.urlsafe_b64encode(b"[" * 30_000) + b".e30.AAAA"],
)  # fmt: skip
def test_garbage_is_refused_and_nothing_escapes(token: bytes) -> None:
    with pytest.raises(BadTokenError):
        read_token(token, issuer_type="N")


def test_a_signature_of_another_key_is_refused_and_the_right_one_is_read() -> None:
    mine, other = (Signer(new_account_seed(secrets.token_bytes(32))) for _ in range(2))
    head, body, signature = mine.sign({"a": 1}).split(".")
    assert read_token(f"{head}.{body}.{signature}".encode(), issuer_type="A")["a"] == 1
    with pytest.raises(BadTokenError):
        read_token(f"{head}.{body}.{other.sign({'a': 1}).split('.')[2]}".encode(), issuer_type="A")
