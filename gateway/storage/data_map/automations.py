"""The data map of rules, what they are about to do, and why they did or did not."""

from dataclasses import replace
from typing import Final

from gateway.storage.data_map.entries import Reader as By
from gateway.storage.data_map.entries import TableEntry, identifier, personal, plain
from gateway.usecases.repositories.retention import RetentionClass

AUTOMATIONS: Final = {
    "automations": TableEntry(
        purpose="what a person wants to happen when somebody comes home or leaves",
        told="Your rules: which appliance does what when you come or go.",
        retention=(RetentionClass.AUTOMATION,),
        subject="account_id",
        columns={
            "automation_id": identifier("name of the rule", By.PERSON),
            "account_id": identifier("whose rule"),
            "home_ref": identifier("for which home", By.PERSON),
            "device_id": identifier("which appliance", By.PERSON),
            "epoch": plain("in which binding of the appliance; the rule ends with it"),
            "triggered_by": personal("coming near, arriving or leaving"),
            "mode": personal("to remind or to act"),
            "action": personal("what the appliance is to do"),
            "params": replace(personal("with which values"), is_json=True),
            "starts": plain("whether that turns something on", By.PERSON),
            "created_at": personal("when it was made"),
            "enabled": personal("switched on or off"),
            "dry_run_until": personal("until when it only says what it would have done"),
            "rested_until": personal("until when it rests, because somebody told the appliance something"),
            "fired_at": personal("when it last did something; it rests after that"),
            "version": plain("guards against writing over a change"),
        },
    ),
    "automation_firings": TableEntry(
        purpose="what a rule is about to do, or did, so that it can be taken back",
        told="What your rules did in the last seven days.",
        retention=(RetentionClass.FIRING,),
        subject="account_id",
        columns={
            "firing_id": identifier("name of the firing", By.PERSON),
            "automation_id": identifier("the rule", By.PERSON),
            "account_id": identifier("whose rule"),
            "home_ref": identifier("for which home", By.PERSON),
            "device_id": identifier("which appliance", By.PERSON),
            "epoch": plain("in which binding of the appliance"),
            "starts": plain("whether it turns something on", By.PERSON),
            "waits": plain("whether it waits for an arrival afterwards", By.PERSON),
            "state": personal("waiting to act, done, taken back"),
            "at": personal("when the rule decided"),
            "due_at": personal("when it acts, or turns off again"),
            "off_command_id": identifier("name of the command that would turn it off again"),
            "command_id": identifier("the command that it gave", By.PERSON),
            "reason": personal("what became of it"),
            "version": plain("guards against writing over a change"),
        },
    ),
    "automation_lines": TableEntry(
        purpose="lets a person read why a rule did something, or nothing; holds no places",
        told="Why your rules did something or nothing in the last seven days, without any place.",
        retention=(RetentionClass.EXPLANATION,),
        subject="account_id",
        columns={
            "line_id": plain("order of the lines"),
            "automation_id": identifier("the rule", By.PERSON),
            "account_id": identifier("whose rule"),
            "at": personal("in which minute"),
            "did": personal("acted, reminded or nothing"),
            "reason": personal("why"),
            "dry": personal("whether the rule only said what it would have done"),
        },
    ),
}
