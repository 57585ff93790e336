"""The one door out: whatever leaves the gateway about a person passes `disclose`, and is denied unless they said yes.

It takes the proof of a grant (`GrantedPurpose`, which only the consents make), a recipient of the same person, and
values of kinds that may leave at all (`Disclosable`, which only `disclosable` makes: there is no kind for presence or
places). What is to be sent is sealed until it has arrived, and every sending is in the person's list for a year.
The sending itself is done by a job (`usecases.deliveries`), which asks for the grant again before each try.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from gateway.domain.consent import GrantedPurpose, Purpose
from gateway.domain.disclosures import (
    PAYLOAD_AT_MOST,
    WAITING_AT_MOST,
    Disclosable,
    Disclosure,
    DisclosureId,
    Field,
    NotDisclosable,
    Why,
    disclosable,
)
from gateway.domain.identity import AccountId, DeviceId
from gateway.domain.recipients import RecipientId, Webhook, webhook
from gateway.usecases import consents, devices
from gateway.usecases.outbox import Counted
from gateway.usecases.persons import PersonKeys
from gateway.usecases.recipients import drop, url_of
from gateway.usecases.services import Identifiers, Sealer
from gateway.usecases.transaction import Transaction

SHARE: Final = Purpose.SHARE_WEBHOOK
"""The purpose on which a sending to a webhook rests."""


# -- the door


@dataclass(frozen=True, slots=True)
class NoSuchRecipient:
    """None of this person's."""


@dataclass(frozen=True, slots=True)
class WrongPurpose:
    """The grant is for something else, or somebody else's."""


@dataclass(frozen=True, slots=True)
class TooMuch:
    """More than fits into one sending, or as many wait already as may."""


def disclose(
    tx: Transaction,
    granted: GrantedPurpose,
    recipient_id: RecipientId,
    what: Disclosable,
    *,
    account_id: AccountId,
    device_id: DeviceId | None,
    persons: PersonKeys,
    identifiers: Identifiers,
    now: datetime,
) -> Disclosure | NoSuchRecipient | WrongPurpose | TooMuch:
    """Send values about a person to a recipient that they named. The only way out there is.

    Args:
        tx: the transaction of what causes it: it is sent if, and only if, that commits.
        granted: the proof that the person allows it now.
        recipient_id: to whom.
        what: the values, all of kinds that may leave.
        account_id: about whom.
        device_id: about which of their appliances; for their list.
        persons: seals it until it has arrived.
        identifiers: names it.
        now: the present moment.
    """
    if granted.account_id != account_id or granted.purpose is not SHARE:
        return WrongPurpose()
    recipient = tx.disclosures.recipient(account_id, recipient_id)
    if recipient is None:
        return NoSuchRecipient()
    tx.disclosures.hold(account_id)
    if len(tx.disclosures.waiting_of(account_id)) >= WAITING_AT_MOST:
        return TooMuch()
    disclosure_id = DisclosureId(identifiers.new("o"))
    payload = _payload(disclosure_id, granted, what, now)
    if len(payload) > PAYLOAD_AT_MOST:
        return TooMuch()
    address = webhook(url_of(recipient, persons), ports=_ANY_PORT)
    host = address.host if isinstance(address, Webhook) else ""
    sealer = persons.sealer(account_id)
    disclosure = Disclosure(
        disclosure_id=disclosure_id,
        account_id=account_id,
        recipient_id=recipient_id,
        recipient_sealed=sealer.seal(host.encode(), place=_recipient_place(account_id, disclosure_id)),
        purpose=granted.purpose.value,
        fields=tuple(what.values),
        device_id=device_id,
        payload_sealed=sealer.seal(payload, place=payload_place(account_id, disclosure_id)),
        at=now,
        next_try_at=now,
    )
    tx.disclosures.add(disclosure)
    tx.count(Counted.DISCLOSURE, "asked")
    return disclosure


_ANY_PORT: Final = frozenset(range(1, 65536))
"""Which ports may be called was asked when it was named, and is asked again when it is called."""


@dataclass(frozen=True, slots=True)
class NotGranted:
    """The person did not allow it, or not any more."""


@dataclass(frozen=True, slots=True)
class NotTheirs:
    """No device of theirs."""


def send_device(
    tx: Transaction,
    account_id: AccountId,
    recipient_id: RecipientId,
    device_id: DeviceId,
    fields: frozenset[Field],
    *,
    persons: PersonKeys,
    names: Sealer,
    identifiers: Identifiers,
    now: datetime,
) -> Disclosure | NoSuchRecipient | WrongPurpose | TooMuch | NotGranted | NotTheirs | NotDisclosable:
    """The person has what is known of one of their appliances sent to an address that they named.

    Args:
        tx: the transaction.
        account_id: who asks.
        recipient_id: to whom.
        device_id: about which appliance.
        fields: which kinds.
        persons: seals it until it has arrived.
        names: opens the names that they gave their devices (none of them is sent).
        identifiers: names the sending.
        now: the present moment.
    """
    seen = devices.one(tx, names, account_id, device_id, now)
    if seen is None:
        return NotTheirs()
    if tx.disclosures.recipient(account_id, recipient_id) is None:
        return NoSuchRecipient()
    granted = consents.granted(tx, account_id, SHARE, now)
    if granted is None:
        return NotGranted()
    known: Mapping[Field, Any] = {
        Field.DEVICE_ID: device_id,
        Field.TYPE_ID: seen.type_id,
        Field.FIRMWARE: seen.device.firmware,
        Field.PROPERTIES: dict(seen.properties),
        Field.AS_OF: None if seen.as_of is None else _moment(seen.as_of),
    }
    what = disclosable({one.value: known[one] for one in Field if one in fields})
    if isinstance(what, NotDisclosable):
        return what
    return disclose(
        tx,
        granted,
        recipient_id,
        what,
        account_id=account_id,
        device_id=device_id,
        persons=persons,
        identifiers=identifiers,
        now=now,
    )


# -- the person's list


@dataclass(frozen=True, slots=True)
class ToldDisclosure:
    """A sending as its person sees it."""

    disclosure: Disclosure
    host: str = field(repr=False)


def page(
    tx: Transaction,
    account_id: AccountId,
    before: tuple[datetime, DisclosureId] | None,
    at_most: int,
    persons: PersonKeys,
) -> tuple[list[ToldDisclosure], tuple[datetime, DisclosureId] | None]:
    """A piece of what left about a person, newest first, and the place to go on before; None at the end."""
    found = tx.disclosures.of_account(account_id, before, at_most + 1)
    last = found[at_most - 1] if len(found) > at_most else None
    sealer = persons.sealer(account_id)
    told = [
        ToldDisclosure(
            one,
            sealer.open(one.recipient_sealed, place=_recipient_place(account_id, one.disclosure_id)).decode(),
        )
        for one in found[:at_most]
    ]
    return told, None if last is None else (last.at, last.disclosure_id)


def forget_purpose(tx: Transaction, account_id: AccountId, purpose: Purpose, now: datetime) -> int:
    """The person withdrew: what waits to leave for this purpose does not leave any more. Returns how many.

    For the withdrawal, in its transaction.
    """
    waiting = [one for one in tx.disclosures.waiting_of(account_id) if one.purpose == purpose.value]
    for one in waiting:
        drop(tx, one, Why.WITHDRAWN, now)
    return len(waiting)


# -- texts and places


def _payload(disclosure_id: DisclosureId, granted: GrantedPurpose, what: Disclosable, now: datetime) -> bytes:
    return json.dumps(
        {
            "format": "hearthgate disclosure 1",
            "disclosure_id": disclosure_id,
            "purpose": granted.purpose.value,
            "at": _moment(now),
            "data": {one.value: value for one, value in what.values.items()},
        },
        ensure_ascii=False,
        separators=(",", ":"),
    ).encode()


def _moment(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _recipient_place(account_id: AccountId, disclosure_id: DisclosureId) -> str:
    return f"disclosures.recipient:{account_id}:{disclosure_id}"


def payload_place(account_id: AccountId, disclosure_id: DisclosureId) -> str:
    """Where what is to be sent is sealed."""
    return f"disclosures.payload:{account_id}:{disclosure_id}"
