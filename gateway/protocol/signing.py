"""The bytes that are signed or authenticated. Written for whoever has to produce the same bytes in C.

Every one of them is framed alike, all parts UTF-8, 0x0A between the parts and none at the end:

    purpose  0x0A  device id  0x0A  canonical JSON        (commands and verdicts)
    purpose  0x0A  canonical JSON                         (batch proof)

Neither purpose, nor device id, nor canonical JSON can hold the byte 0x0A (JSON escapes it), so no two different
messages have the same bytes. Canonical JSON is described in `gateway.protocol.canonical`. Fields that are absent are
not written; `null` occurs inside `params` only.
"""

from collections.abc import Mapping
from typing import Any, Final

from gateway.protocol.canonical import canonical
from gateway.protocol.codec import decode
from gateway.protocol.messages import ActivationRequest, Message, UnsignedCommand, UnsignedVerdict

COMMAND_PURPOSE: Final = b"hearthgate-command-1"
VERDICT_PURPOSE: Final = b"hearthgate-verdict-1"
PROOF_PURPOSE: Final = b"hearthgate-proof-1"

SIGNATURE_TAIL: Final = len(b',"sig":"') + 88 + len(b'"}')
"""Bytes at the end of a signed message that the signature does not cover: 98."""


def command_signing_bytes(device_id: str, command: UnsignedCommand) -> bytes:
    """What a command's signature covers: every field but `sig`, and the appliance that it is for.

    The signature is Ed25519 (RFC 8032, no pre-hash) over these bytes, written in base64 (88 characters) as `sig`.

    The gateway sends a command as canonical JSON with `sig` as its last member. So an appliance need not write JSON to
    check it. With `payload` of `n` bytes as received on `down/command`:

    1. `n > 98`, and the last 98 bytes are `,"sig":"`, 88 characters of base64, `"}`. Otherwise drop it.
    2. Hash in turn: `hearthgate-command-1`, 0x0A, the own device id (28 characters), 0x0A, `payload[0 .. n-98)`, `}`.
    3. Check the signature with the command key of the activation reply, *before* parsing. (The welcome names the key
       as well, but nobody signed the welcome.)
    4. Parse exactly these checked bytes.

    Example (one line each; wrapped by your editor at most):

        hearthgate-command-1
        d-0123456789abcdefghjkmnpqrs
        {"action":"set","command_id":"0198…","epoch":4,"expires_at":"…","issued_at":"…","params":{"target_c":22},"seq":17}
    """
    return _framed(COMMAND_PURPOSE, device_id.encode(), _fields(command, without="sig"))


def verdict_signing_bytes(device_id: str, verdict: UnsignedVerdict) -> bytes:
    """What a binding verdict's signature covers. As a command's, with the purpose `hearthgate-verdict-1`."""
    return _framed(VERDICT_PURPOSE, device_id.encode(), _fields(verdict, without="sig"))


def proof_bytes(request: ActivationRequest | Mapping[str, Any]) -> bytes:
    r"""What the batch proof of an activation request covers: every field but `proof`.

    `proof` is HMAC-SHA256 (RFC 2104) under the unit's key over these bytes, written as 64 lower-case hex digits.

    Covered is the request as the gateway understands it. Two things may differ from what is sent:

    - `mac` is covered in the form `a4:c1:38:00:4f:2a`, whichever of the allowed forms is sent;
    - an entry of `history` without `count` is covered with `"count":1`; a field that is `null` is not covered.

    Send the MAC in that form, always send `count` and no `null`, and what is covered is what is sent. The line breaks
    of the CSR's PEM are covered as the two characters `\n`, as in any JSON.

    Args:
        request: a decoded request, or the JSON object of one with or without `proof`.

    Raises:
        MalformedMessageError: the mapping is not an activation request.
        NotCanonicalError: the mapping holds something that has no canonical form.
    """
    if isinstance(request, Mapping):
        request = decode(ActivationRequest, canonical(request))
    return _framed(PROOF_PURPOSE, _fields(request, without="proof"))


def _fields(message: Message, *, without: str) -> bytes:
    return canonical(message.model_dump(mode="json", exclude_none=True, exclude={without}))


def _framed(*parts: bytes) -> bytes:
    return b"\n".join(parts)
