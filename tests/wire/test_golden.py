"""The bytes on the wire, as files. Changing any byte changes the protocol: appliances in the field read these."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.protocol import messages
from gateway.protocol.codec import canonical, decode, decode_activation_reply, encode
from gateway.protocol.messages import Message
from gateway.protocol.signing import SIGNATURE_TAIL, command_signing_bytes, proof_bytes, verdict_signing_bytes

GOLDEN = Path(__file__).parent / "golden"

DEVICE = "d-0123456789abcdefghjkmnpqrs"
REQUEST = "0198c2f0-7a10-7b3c-8d4e-5f60718293a4"
NOW = datetime(2026, 1, 31, 8, 5, 9, 250_000, tzinfo=UTC)
LATER = datetime(2026, 1, 31, 8, 6, 9, tzinfo=UTC)
NEXT_YEAR = datetime(2027, 1, 31, 8, 5, 9, tzinfo=UTC)
TRACE = "k7q-4m2"
GATEWAY_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC_KEY = base64.b64encode(GATEWAY_KEY.public_key().public_bytes_raw()).decode()
UNIT_KEY = bytes(range(32, 64))
CSR = "-----BEGIN CERTIFICATE REQUEST-----\nMIH5\n-----END CERTIFICATE REQUEST-----\n"
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
TOKEN = "Zq3vX8mB1nK5tR7yW2cD4f"


def sign(message: bytes) -> str:
    return base64.b64encode(GATEWAY_KEY.sign(message)).decode()


UNPROVEN = messages.ActivationRequest(
    request_id=REQUEST,
    machine_code="SQ24-0007-1183",
    mac="A4-C1-38-00-4F-2A",
    type_id="heater.panel.s2",
    firmware="1.4.2",
    csr=CSR,
    reset_counter=3,
    bind_token=TOKEN,
    radio=messages.Radio(rssi=-61, security="wpa2", band="2.4"),
    history=(messages.RememberedFailure(stage="wifi", code="202", count=2, ago_ms=41000),),
)
PROVEN = UNPROVEN.model_copy(
    update={"proof": hmac.new(UNIT_KEY, proof_bytes(UNPROVEN), hashlib.sha256).hexdigest()},
)
UNSIGNED_COMMAND = messages.UnsignedCommand(
    command_id="0198c2f0-7a10-7b3c-8d4e-5f60718293a5",
    seq=17,
    epoch=4,
    action="set",
    params={"target_c": 22.0, "offset_c": -0.5, "label": 'Küche/\t"1"', "steps": [1, 2.25], "until": None, "eco": True},
    issued_at=NOW,
    expires_at=LATER,
)
UNSIGNED_VERDICT = messages.UnsignedVerdict(
    verdict_id="0198c2f0-7a10-7b3c-8d4e-5f60718293a6",
    request_id=REQUEST,
    bound=False,
    epoch=4,
    code="bind.token_expired",
    number=801,
    trace_id=TRACE,
    retry="after",
    retry_after_s=60,
    time=NOW,
)

EXAMPLES: dict[str, Message] = {
    "claim.req": UNPROVEN,
    "claim.req.proven": PROVEN,
    "claim.req.least": messages.ActivationRequest(
        request_id=REQUEST,
        machine_code="SQ24-0007-1183",
        mac="a4c138004f2a",
        type_id="heater.panel.s2",
        firmware="1.4.2",
        csr=CSR,
        reset_counter=0,
    ),
    "claim.reply.accepted": messages.ActivationAccepted(
        request_id=REQUEST,
        device_id=DEVICE,
        certificate=CERTIFICATE,
        chain=CERTIFICATE,
        not_after=NEXT_YEAR,
        renew_after=NEXT_YEAR,
        endpoint=messages.Endpoint(host="mqtt.example.net", port=8883),
        bound=False,
        epoch=4,
        command_key=PUBLIC_KEY,
        time=NOW,
        trace_id=TRACE,
        bind_code="bind.token_expired",
    ),
    "claim.reply.refused": messages.ActivationRefused(
        request_id=REQUEST,
        code="act.unknown_machine_code",
        number=502,
        retry="after",
        retry_after_s=60,
        trace_id=TRACE,
    ),
    "up.hello": messages.Hello(
        firmware="1.4.2",
        reset_counter=3,
        descriptor_version=2,
        clock=NOW,
        boot="b1",
        serial="0a1b2c",
        epoch=4,
    ),
    "up.hello.least": messages.Hello(firmware="1.4.2", reset_counter=0, descriptor_version=1),
    "up.bye": messages.Bye(),
    "up.state": messages.StateReport(
        seq=91,
        boot="b1",
        at=NOW,
        state={"power": "on", "target_c": 21.5, "fault": None, "fan": {"speed": 3}},
    ),
    "up.state.full": messages.StateReport(seq=92, state={}, full=True),
    "up.event": messages.EventReport(id=REQUEST, name="filter_low", data={"left_h": 12}),
    "up.ack": messages.CommandAck(
        command_id="0198c2f0-7a10-7b3c-8d4e-5f60718293a5",
        status="applied",
        state={"target_c": 22},
        seq=93,
        boot="b1",
    ),
    "up.ack.rejected": messages.CommandAck(
        command_id="0198c2f0-7a10-7b3c-8d4e-5f60718293a5",
        status="rejected",
        code="out_of_range",
    ),
    "up.bind": messages.BindRequest(request_id=REQUEST, bind_token=TOKEN, reset_counter=4),
    "up.bind.button": messages.BindRequest(
        request_id=REQUEST,
        button=messages.Button(nonce="5tR7yW2c"),
        reset_counter=4,
    ),
    "up.renew": messages.RenewRequest(request_id=REQUEST, csr=CSR),
    "up.log": messages.LogReport(entries=(messages.RememberedFailure(stage="net", code="203", ago_ms=0),)),
    "down.welcome": messages.Welcome(
        time=NOW,
        epoch=4,
        bound=True,
        command_key=PUBLIC_KEY,
        report=messages.Report(every_s=60, full=True),
    ),
    "down.command": UNSIGNED_COMMAND.signed(sign(command_signing_bytes(DEVICE, UNSIGNED_COMMAND))),
    "down.bind": UNSIGNED_VERDICT.signed(sign(verdict_signing_bytes(DEVICE, UNSIGNED_VERDICT))),
    "down.renew": messages.RenewReply(
        request_id=REQUEST,
        ok=True,
        certificate=CERTIFICATE,
        chain=CERTIFICATE,
        not_after=NEXT_YEAR,
        renew_after=NEXT_YEAR,
        trace_id=TRACE,
    ),
    "down.renew.refused": messages.RenewReply(
        request_id=REQUEST,
        ok=False,
        code="cert.csr_invalid",
        number=601,
        retry="never",
        trace_id=TRACE,
    ),
    "bus": messages.BusHint(kind="device_changed"),
}

SIGNED: dict[str, bytes] = {
    "claim.req.proof": proof_bytes(PROVEN),
    "down.command.signing": command_signing_bytes(DEVICE, UNSIGNED_COMMAND),
    "down.bind.signing": verdict_signing_bytes(DEVICE, UNSIGNED_VERDICT),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_message_is_written_with_exactly_the_pinned_bytes(name: str) -> None:
    assert encode(EXAMPLES[name]) == (GOLDEN / f"{name}.json").read_bytes()


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_pinned_bytes_are_read_as_the_message(name: str) -> None:
    message = EXAMPLES[name]
    assert decode(type(message), (GOLDEN / f"{name}.json").read_bytes()) == message


@pytest.mark.parametrize("name", SIGNED)
def test_what_is_signed_has_exactly_the_pinned_bytes(name: str) -> None:
    assert SIGNED[name] == (GOLDEN / f"{name}.txt").read_bytes()


def test_every_pinned_file_is_looked_at() -> None:
    expected = {f"{name}.json" for name in EXAMPLES} | {f"{name}.txt" for name in SIGNED}
    assert {path.name for path in GOLDEN.iterdir()} == expected


def test_every_message_that_travels_is_pinned() -> None:
    unsent = {"Message", "UnsignedCommand", "UnsignedVerdict"}
    parts = {"Button", "Endpoint", "Radio", "RememberedFailure", "Report"}
    kinds = [getattr(messages, name) for name in messages.__all__]
    travelling = {kind.__name__ for kind in kinds if isinstance(kind, type) and issubclass(kind, Message)}
    assert {type(example).__name__ for example in EXAMPLES.values()} == travelling - unsent - parts


@pytest.mark.parametrize(("name", "purpose"), [("down.command", b"command"), ("down.bind", b"verdict")])
def test_an_appliance_checks_a_signature_over_the_bytes_as_they_came(name: str, purpose: bytes) -> None:
    payload = (GOLDEN / f"{name}.json").read_bytes()
    covered, tail = payload[:-SIGNATURE_TAIL] + b"}", payload[-SIGNATURE_TAIL:]
    assert tail.startswith(b',"sig":"')
    assert tail.endswith(b'"}')
    signature = base64.b64decode(tail[8:-2], validate=True)
    signed = b"hearthgate-" + purpose + b"-1\n" + DEVICE.encode() + b"\n" + covered
    GATEWAY_KEY.public_key().verify(signature, signed)  # raises when it does not fit
    assert signed == (GOLDEN / f"{name}.signing.txt").read_bytes()


def test_writing_a_signed_message_anew_gives_the_same_covered_bytes() -> None:
    command = decode(messages.Command, (GOLDEN / "down.command.json").read_bytes())
    assert command_signing_bytes(DEVICE, command) == SIGNED["down.command.signing"]


def test_the_proof_covers_all_fields_but_itself_whichever_form_the_mac_has() -> None:
    sent = json.loads((GOLDEN / "claim.req.proven.json").read_bytes())
    for mac in ("a4:c1:38:00:4f:2a", "A4-C1-38-00-4F-2A", "A4C138004F2A"):
        assert proof_bytes({**sent, "mac": mac}) == SIGNED["claim.req.proof"]
    assert (
        proof_bytes(PROVEN)
        == proof_bytes(UNPROVEN)
        == b"hearthgate-proof-1\n" + canonical({name: value for name, value in sent.items() if name != "proof"})
    )
    assert proof_bytes({**sent, "reset_counter": 4}) != SIGNED["claim.req.proof"]


def test_the_two_answers_to_an_activation_are_told_apart() -> None:
    for name in ("claim.reply.accepted", "claim.reply.refused"):
        assert decode_activation_reply((GOLDEN / f"{name}.json").read_bytes()) == EXAMPLES[name]
