"""The data map of what a bound appliance reports and is told."""

from dataclasses import replace
from typing import Final

from gateway.storage.data_map.entries import Path, TableEntry, identifier, personal, plain, technical
from gateway.storage.data_map.entries import Reader as By
from gateway.usecases.repositories.retention import RetentionClass

_BINDING: Final = (RetentionClass.BINDING,)
_HARDWARE: Final = (RetentionClass.HARDWARE,)

OPERATION: Final = {
    "states": TableEntry(
        purpose="what an appliance last reported",
        told="Your appliance's latest report, for example its temperature. Earlier reports are not kept.",
        retention=_BINDING,
        path=Path("device_id", "bindings", same=("epoch",)),
        columns={
            "device_id": replace(identifier("the appliance", By.PERSON, By.AGENT), retention=_HARDWARE),
            "epoch": replace(plain("the binding within which it was reported"), retention=_HARDWARE),
            "boot": replace(technical("the appliance's present count of reports"), retention=_HARDWARE),
            "seq": replace(technical("place of the latest report in that count"), retention=_HARDWARE),
            "full_seq": replace(technical("place of the latest full report"), retention=_HARDWARE),
            "properties": replace(personal("the reported values", By.AGENT), is_json=True),
            "marks": technical("by which report each value came"),
            "earlier_boots": replace(technical("former counts, to know late reports"), retention=_HARDWARE),
            "as_of": personal("the appliance's own time of the report", By.AGENT),
            "received_at": personal("when it arrived", By.AGENT),
            "revision": replace(plain("place in the order of all changes"), retention=_HARDWARE),
        },
    ),
    "presences": TableEntry(
        purpose="whether an appliance is connected",
        told="Whether your appliance is connected, and when it was last heard.",
        retention=_HARDWARE,
        path=Path("device_id", "bindings"),
        columns={
            "device_id": identifier("the appliance", By.PERSON, By.VIEWER, By.AGENT),
            "status": technical("connected or not", By.PERSON, By.VIEWER, By.AGENT),
            "since": technical("since when", By.PERSON, By.VIEWER, By.AGENT),
            "last_seen_at": technical("when it was last heard", By.PERSON, By.VIEWER, By.AGENT),
            "session": technical("the appliance's own name for its connection"),
            "why": technical("why it counts as gone", By.PERSON, By.VIEWER, By.AGENT),
            "revision": plain("place in the order of all changes"),
        },
    ),
    "commands": TableEntry(
        purpose="what a person asked an appliance to do, and what became of it",
        told="What you told your appliance to do in the last 30 days, and whether it did.",
        retention=(RetentionClass.COMMAND,),
        subject="account_id",
        columns={
            "command_id": identifier("name of the command", By.PERSON, By.APPLIANCE),
            "device_id": identifier("the appliance", By.PERSON),
            "epoch": plain("the binding within which it counts", By.APPLIANCE),
            "account_id": identifier("who asked"),
            "seq": plain("order of the appliance's commands", By.APPLIANCE),
            "action": personal("what was asked", By.APPLIANCE, By.AGENT),
            "params": replace(
                personal("with which values; forgotten when the command ends", By.APPLIANCE),
                told="The values of a command, only until it is done.",
                retention=(RetentionClass.COMMAND_VALUES,),
                is_json=True,
            ),
            "status": personal("what became of it", By.AGENT),
            "code": personal("why it was not done", By.AGENT),
            "issued_at": personal("when it was asked", By.APPLIANCE, By.AGENT),
            "expires_at": plain("when it stops counting", By.PERSON, By.APPLIANCE),
            "sent_at": personal("when it was first sent", By.AGENT),
            "received_at": personal("when the appliance had it", By.AGENT),
            "ended_at": personal("when it ended", By.AGENT),
            "sends": plain("how often it was sent"),
            "next_send_at": plain("when to send it again"),
            "due_at": plain("when to look at it again"),
            "version": plain("guards against writing over a change"),
        },
    ),
    "received_messages": TableEntry(
        purpose="notices a message that is delivered twice",
        told="Numbers of your appliance's messages of the last day, without what they said.",
        retention=(RetentionClass.MESSAGE_ID,),
        path=Path("device_id", "bindings"),
        columns={
            "device_id": identifier("the appliance"),
            "message_id": technical("the message's own number"),
            "at": technical("when it arrived"),
        },
    ),
}
