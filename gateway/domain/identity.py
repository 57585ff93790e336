"""What identifies whom: certificate names, random ids, and the short trace id that people read out."""

import re
from enum import StrEnum
from typing import Final, NewType

ClaimId = NewType("ClaimId", str)
DeviceId = NewType("DeviceId", str)
GatewayId = NewType("GatewayId", str)
AccountId = NewType("AccountId", str)
UnitId = NewType("UnitId", str)
PairingId = NewType("PairingId", str)
SessionId = NewType("SessionId", str)
AttemptId = NewType("AttemptId", str)
CommandId = NewType("CommandId", str)

COMMON_NAME: Final = re.compile(r"[a-z]-[0-9a-z]{26}")
"""The only shape of a certificate's common name. Use `fullmatch`: `$` would let a trailing newline through."""

CROCKFORD: Final = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford base32, lower case: no i, l, o, u. Random ids are 128 bits in 26 of these."""

TRACE_ALPHABET: Final = "23456789abcdefghjkmnpqrstvwxyz"
"""Letters of a trace id: nothing that is misheard or misread on a telephone (no 0, 1, i, l, o, u)."""

TRACE_ID: Final = re.compile(rf"[{TRACE_ALPHABET}]{{3}}-[{TRACE_ALPHABET}]{{3}}")


class Kind(StrEnum):
    """Who may hold a certificate, by the first letter of its common name."""

    CLAIM = "c"
    DEVICE = "d"
    GATEWAY = "g"


def kind_of(common_name: str) -> Kind | None:
    """The kind of a certificate's holder, or None when the name is none that the gateway issues or accepts."""
    if COMMON_NAME.fullmatch(common_name) is None:
        return None
    try:
        return Kind(common_name[0])
    except ValueError:
        return None
