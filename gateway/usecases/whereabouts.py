"""What is stored of where somebody is: the latest word, sealed under the person's own key, bound to its row."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime

from gateway.domain.consent import GrantedPurpose
from gateway.domain.households import HomeRef
from gateway.domain.identity import AccountId
from gateway.domain.location import Spot, Whereabouts
from gateway.usecases.persons import PersonKeys
from gateway.usecases.transaction import Transaction


def told_place(home_ref: HomeRef, account_id: AccountId) -> str:
    """The place under which a word is sealed; the data map names the same."""
    return f"whereabouts.told:{home_ref}:{account_id}"


def store(tx: Transaction, persons: PersonKeys, allowed: GrantedPurpose, home_ref: HomeRef, known: Whereabouts) -> None:
    """Seal the latest word of a member under their own key, in the place of the one before."""
    content = {
        "state": known.state.value,
        "since": _text(known.since),
        "minute": _text(known.minute),
        "seq": known.seq,
        "out": known.out,
        "long": known.long,
        "told": known.told,
    }
    plain = json.dumps(content, separators=(",", ":")).encode()
    sealed = persons.sealer(allowed.account_id).seal(plain, place=told_place(home_ref, allowed.account_id))
    tx.whereabouts.put(allowed, home_ref, sealed, known.minute)


def opened(
    persons: PersonKeys, home_ref: HomeRef, account_id: AccountId, sealed: Mapping[AccountId, bytes]
) -> Whereabouts | None:
    """What is known of a member. What cannot be opened (the key is gone) is as good as never told."""
    if account_id not in sealed:
        return None
    try:
        sealer = persons.sealer(account_id)
        plain = sealer.open(sealed[account_id], place=told_place(home_ref, account_id))
    except ValueError:
        return None
    content = json.loads(plain)
    return Whereabouts(
        state=Spot(content["state"]),
        since=_moment(content["since"]),
        minute=_moment(content["minute"]),
        seq=content["seq"],
        out=content["out"],
        long=content["long"],
        told=content["told"],
    )


def _text(minute: datetime) -> str:
    return minute.strftime("%Y-%m-%dT%H:%MZ")


def _moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%MZ").replace(tzinfo=UTC)


def known_of(tx: Transaction, persons: PersonKeys, account_id: AccountId) -> list[tuple[HomeRef, Whereabouts]]:
    """All that is known of where somebody is, for their own eyes; a phone that was set up anew learns its number."""
    found: list[tuple[HomeRef, Whereabouts]] = []
    for home_ref, sealed in sorted(tx.whereabouts.own(account_id).items()):
        known = opened(persons, home_ref, account_id, {account_id: sealed})
        if known is not None:
            found.append((home_ref, known))
    return found
