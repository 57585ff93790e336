"""The data map of homes, their members, and where members' phones say they are."""

from dataclasses import replace
from typing import Final

from gateway.storage.data_map.entries import Entry, Path, Sensitivity, TableEntry, identifier, personal, plain, secret
from gateway.storage.data_map.entries import Reader as By
from gateway.usecases.repositories.retention import RetentionClass

_HOME: Final = (RetentionClass.HOME,)

HOUSEHOLDS: Final = {
    "homes": TableEntry(
        purpose="what members of one home share: its time zone and one switch; not where it is",
        told="The homes whose rules you share: a random name, a time zone, and the switch 'someone is here'.",
        retention=_HOME,
        path=Path("home_ref", "home_members"),
        columns={
            "home_ref": identifier("random name of the home", By.PERSON),
            "zone": personal("time zone, for what must not happen at night"),
            "created_at": personal("when it was made"),
            "someone_here": personal("somebody without a phone is there: nothing turns off because others leave"),
            "ask_at": plain("when its members are asked whether their rules should stay"),
            "version": plain("guards against writing over a change"),
        },
    ),
    "home_members": TableEntry(
        purpose="who shares a home, so that 'the last one left' can be known",
        told="Which homes you share, since when, and what you call them.",
        retention=_HOME,
        subject="account_id",
        columns={
            "home_ref": identifier("the home", By.PERSON),
            "account_id": identifier("the member"),
            "member_ref": identifier("what other members may call this one by", By.PERSON),
            "joined_at": personal("since when"),
            "keeper": personal("may remove others"),
            "label_sealed": replace(
                personal("the person's own word for the home, encrypted"),
                sealed_at="home_members.label:{home_ref}:{account_id}",
            ),
        },
    ),
    "home_invitations": TableEntry(
        purpose="an offer to join a home, for one day and one use",
        told="That you invited somebody to your home, until they come or the day is over.",
        retention=(RetentionClass.HOME_INVITATION,),
        subject="account_id",
        columns={
            "code_digest": secret("keyed digest of the one-time code"),
            "home_ref": identifier("the home", By.PERSON),
            "account_id": identifier("who invites"),
            "expires_at": personal("its end"),
        },
    ),
    "whereabouts": TableEntry(
        purpose="whether a member is home, near or away, as their phone last told: for the rules they allowed",
        told="Whether you are home, near or away, as your phone last told. Only the latest, never a place or a way, "
        "encrypted under your own key, and shown to nobody but you.",
        retention=(RetentionClass.PRESENCE,),
        subject="account_id",
        columns={
            "home_ref": identifier("the home", By.PERSON),
            "account_id": identifier("whose"),
            "told_sealed": replace(
                personal("home, near or away, since which minute, and marks of the present trip; encrypted"),
                sealed_at="whereabouts.told:{home_ref}:{account_id}",
                is_json=True,
            ),
            # Not sealed: the retention job and the six hours of silence go by it. It does not say where anybody is.
            "heard_at": Entry(
                "minute of the phone's latest word; after two days without one the row is removed",
                Sensitivity.PERSONAL,
                (By.GATEWAY, By.PERSON),
            ),
        },
    ),
}
