"""What somebody types to find an activation: one exact identifier of any kind, read in every way that it fits.

Words that fit several kinds (a MAC without separators is a fine machine code) are looked up as each of them: nobody
has to say what they typed. What fits none is looked up all the same, and found by nothing.
"""

import re
import unicodedata
from dataclasses import dataclass, field
from typing import Final

from gateway.domain.identity import (
    TRACE_ALPHABET,
    AttemptId,
    ClaimId,
    DeviceId,
    PairingId,
    UnitId,
)
from gateway.domain.units import Unfit, normal_mac, normal_machine_code

MAX_WORDS: Final = 64
"""Characters. No identifier is longer; what is longer is none."""

NO_ID: Final = ""
"""Stands where the words are no id of a kind: looked up like one, and never found."""

_TRACE: Final = re.compile(
    r"(?:(?P<digits>[0-9]{3})[\s/.,:·-]*|(?P<number>[0-9]{1,2})[\s/.,:·]+)?"
    rf"(?P<first>[{TRACE_ALPHABET}]{{3}})[\s-]?(?P<second>[{TRACE_ALPHABET}]{{3}})"
)
"""`303 k7q-4m2` as it is read out and written down; the digits and the hyphen may be missing.

So may leading zeros, of an app that shows the number as it came. A short number has to stand apart: else it could be
the begin of a machine code.
"""

_ID: Final = re.compile(r"[a-z]-[0-9a-z]{26}")


@dataclass(frozen=True, slots=True)
class LookedFor:
    """What was typed, under every kind of identifier that it can be. `NO_ID` where it cannot."""

    mac: str = field(repr=False, default=NO_ID)
    machine_code: str = field(repr=False, default=NO_ID)
    trace_id: str = field(repr=False, default=NO_ID)
    digits: str | None = None
    """The code that was told together with the trace id."""
    attempt_id: AttemptId = field(repr=False, default=AttemptId(NO_ID))
    pairing_id: PairingId = field(repr=False, default=PairingId(NO_ID))
    device_id: DeviceId = field(repr=False, default=DeviceId(NO_ID))
    unit_id: UnitId = field(repr=False, default=UnitId(NO_ID))
    claim_id: ClaimId = field(repr=False, default=ClaimId(NO_ID))


def read_words(words: str) -> LookedFor:
    """Read what somebody typed. Full-width letters, case and surrounding blanks do not matter.

    Nothing is refused: a refusal would answer quicker than a look-up, and differently.
    """
    if len(words) > MAX_WORDS:
        return LookedFor()
    plain = unicodedata.normalize("NFKC", words).strip()
    lowered = plain.lower()
    digits, trace_id = _trace(lowered)
    named = lowered if _ID.fullmatch(lowered) else NO_ID
    return LookedFor(
        mac=_fit(normal_mac(lowered)),
        machine_code=_fit(normal_machine_code(plain)),
        trace_id=trace_id,
        digits=digits,
        attempt_id=AttemptId(_of_kind(named, "t")),
        pairing_id=PairingId(_of_kind(named, "p")),
        device_id=DeviceId(_of_kind(named, "d")),
        unit_id=UnitId(_of_kind(named, "u")),
        claim_id=ClaimId(_of_kind(named, "c")),
    )


def _trace(lowered: str) -> tuple[str | None, str]:
    found = _TRACE.fullmatch(lowered)
    if found is None:
        return None, NO_ID
    digits = found["digits"] or (None if found["number"] is None else found["number"].zfill(3))
    return digits, f"{found['first']}-{found['second']}"


def _fit(normal: str | Unfit) -> str:
    return NO_ID if isinstance(normal, Unfit) else normal


def _of_kind(named: str, letter: str) -> str:
    return named if named.startswith(f"{letter}-") else NO_ID
