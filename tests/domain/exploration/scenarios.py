"""What is explored: slices of the whole model, each small enough to be visited to its last world.

One product of everything would not end. Each slice combines what can disturb each other; all of them contain an
attacker with an account, duplicates, lost answers and crashes between any two steps.
"""

from datetime import timedelta
from types import MappingProxyType
from typing import Final

from tests.domain.exploration.world import ANNA, BERT, MALLORY, Limits

_AT_ONCE: Final = timedelta(0)
_PRESS_OVER: Final = timedelta(minutes=2)
_PAIRING_OVER: Final = timedelta(minutes=10)
_OFFERS_OVER: Final = timedelta(hours=24)
_WAITING_OVER: Final = timedelta(hours=73)

_OWNING: Final = ("opening", "handing", "binding", "releasing", "evicting")

SCENARIOS: Final = MappingProxyType(
    {
        "tokens of two accounts on two appliances": Limits(
            steps=(*_OWNING, "cancelling"),
            moments=(_AT_ONCE, _PAIRING_OVER),
            devices=2,
            openings=(ANNA, BERT),
        ),
        "commands around releases": Limits(
            steps=(*_OWNING, "greeting", "commanding", "relaying", "obeying", "answering"),
            moments=(_AT_ONCE,),
            openings=(ANNA, BERT),
            commands=2,
        ),
        "reports around releases": Limits(
            steps=(*_OWNING, "greeting", "reporting"),
            moments=(_AT_ONCE,),
            openings=(ANNA, BERT),
            reports=3,
        ),
        "resets by strangers": Limits(
            steps=(*_OWNING, "greeting", "resetting"),
            moments=(_AT_ONCE, _PAIRING_OVER, _WAITING_OVER),
            openings=(ANNA, BERT),
            resets=2,
        ),
        "label codes": Limits(
            steps=("opening", "cancelling", "label", "releasing", "evicting", "greeting"),
            moments=(_AT_ONCE, _PAIRING_OVER),
            openings=(ANNA, MALLORY),
        ),
        "button presses": Limits(
            steps=("opening", "button", "releasing", "evicting"),
            moments=(_AT_ONCE, _PRESS_OVER, _PAIRING_OVER),
            openings=(ANNA, BERT, MALLORY),
            presses=2,
        ),
        "members and transfers": Limits(
            steps=(*_OWNING, "inviting", "transferring"),
            moments=(_AT_ONCE, _OFFERS_OVER),
            openings=(ANNA, BERT),
        ),
        "commands of members": Limits(
            steps=(*_OWNING, "greeting", "inviting", "commanding", "relaying", "obeying"),
            moments=(_AT_ONCE,),
            openings=(ANNA, ANNA),
            commands=1,
        ),
    }
)
