"""The data map of what leaves the process because of a commit, and of the installation's own bookkeeping."""

from dataclasses import replace
from typing import Final

from gateway.storage.data_map.entries import Path, TableEntry, identifier, personal, plain, secret
from gateway.storage.data_map.entries import Reader as By
from gateway.usecases.repositories.retention import RetentionClass

_INSTALLATION: Final = (RetentionClass.INSTALLATION,)

DELIVERY: Final = {
    "outbox": TableEntry(
        purpose="messages on their way to appliances",
        told="Messages to your appliance, until they are sent: seconds, as a rule.",
        retention=(RetentionClass.UNTIL_SENT,),
        path=Path("target", "bindings", "device_id", form=("hg/v1/dev/", "/")),
        columns={
            "outbox_id": plain("order of sending"),
            "kind": plain("a message, or the end of a connection"),
            "target": identifier("whereto", By.APPLIANCE),
            "payload": replace(personal("the signed message", By.APPLIANCE), is_json=True),
            "created_at": plain("since when it waits", By.OPERATOR),
            "expires_at": plain("when it is no longer worth sending"),
            "claimed_by": plain("the gateway that sends it"),
            "claimed_until": plain("until when no other gateway does"),
        },
    ),
    "events": TableEntry(
        purpose="what an app that was away for a moment has missed",
        told="The last ten minutes' news for your app, in case its connection breaks.",
        retention=(RetentionClass.EVENT,),
        subject="account_id",
        columns={
            "event_id": plain("place in the order of all changes", By.PERSON),
            "account_id": identifier("for whom"),
            "device_id": identifier("the appliance", By.PERSON),
            "epoch": plain("the binding within which it is shown"),
            "pairing_id": identifier("the pairing", By.PERSON),
            "kind": personal("what happened"),
            "data": replace(personal("its particulars"), is_json=True),
            "at": personal("when"),
        },
    ),
    "counters": TableEntry(
        purpose="numbers that order all changes",
        told="Counts of changes, about nobody.",
        retention=_INSTALLATION,
        nobody="counts, kept of everybody together",
        columns={"name": plain("which count"), "value": plain("how many")},
    ),
    "tallies": TableEntry(
        purpose="how many commands ended how on which day, after the commands themselves are forgotten, and how many "
        "rows of which kind the retention job removed",
        told="How many commands there were and how many rows were removed on a day, about nobody.",
        retention=_INSTALLATION,
        nobody="counts, kept of everybody together",
        columns={
            "name": plain("what is counted", By.OPERATOR, By.OFFICER),
            "day": plain("day (UTC)", By.OPERATOR, By.OFFICER),
            "value": plain("how many", By.OPERATOR, By.OFFICER),
        },
    ),
    "key_checks": TableEntry(
        purpose="notices a wrong master key before anything is written under it",
        told="A test text under the installation's key, about nobody.",
        retention=_INSTALLATION,
        nobody="a test text",
        columns={"name": plain("which key"), "record": secret("the test text, encrypted")},
    ),
}
