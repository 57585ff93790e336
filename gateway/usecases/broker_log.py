"""Lines of the broker's log as evidence: of whom they name, of the only pairing that they fit, or of nobody yet."""

from datetime import datetime

from gateway.domain.attempts import Attempt
from gateway.domain.broker_words import CLAIM_CODES, DEVICE_CODES, TLS_CODES, TLS_WORDS
from gateway.domain.evidence import Evidence, Source
from gateway.domain.failures import Code, stage_of
from gateway.domain.identity import ClaimId, DeviceId, Kind, kind_of
from gateway.usecases.homes import attempt_of_home, tell_home
from gateway.usecases.transaction import Transaction
from gateway.usecases.verdicts import noted


def note(tx: Transaction, says: str, name: str | None, address_index: bytes | None, now: datetime) -> None:
    """Keep one line.

    Args:
        tx: the open transaction.
        says: our name for what the line says; see `broker_words`.
        name: the common name that it gives. In a failed handshake that is only what somebody claims.
        address_index: keyed digest of the home that the connection came from.
        now: when it was read.
    """
    attempt = None if name is None else _attempt_of(tx, name)
    probable = says in TLS_WORDS
    if (attempt is None or not attempt.takes_more(now)) and probable and address_index is not None:
        attempt = attempt_of_home(tx, address_index, now)
    code = _code_of(says, name)
    line = Evidence(Source.BROKER, now, says, None, None if code is None else stage_of(code), code, probable=probable)
    if attempt is not None and attempt.takes_more(now):
        attempt = noted(tx, attempt, [line], now)
        if name is not None and kind_of(name) is Kind.CLAIM:
            tell_home(tx, address_index, attempt, line, now)
    else:
        tx.attempts.note(None, line, address_index)


def _attempt_of(tx: Transaction, name: str) -> Attempt | None:
    match kind_of(name):
        case Kind.CLAIM:
            return tx.attempts.latest_of_claim(ClaimId(name))
        case Kind.DEVICE:
            device = tx.devices.get(DeviceId(name))
            return None if device is None else tx.attempts.latest_of_unit(device.unit_id)
        case Kind.GATEWAY | None:
            return None


def _code_of(says: str, name: str | None) -> Code | None:
    if says in TLS_CODES:
        return TLS_CODES[says]
    if name is None:
        return None
    return (CLAIM_CODES if kind_of(name) is Kind.CLAIM else DEVICE_CODES).get(says)
