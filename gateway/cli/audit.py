"""`hearthgate audit verify`."""

from typing import TYPE_CHECKING

import typer

from gateway.cli.command import AsJson, ConfigFile, Exit, command, new_group, say, say_json

if TYPE_CHECKING:
    from gateway.domain.audit import Broken, Fault, Sound

group = new_group()


@group.callback()
def audit() -> None:
    """The record of who of the staff looked at what."""


@group.command("verify")
@command
def verify(*, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Check every row and every signature. Finds what was edited, removed, added or swapped; ends with 1 then.

    Signatures are made once a day, and the newest is kept beside their key: an older copy of the database shows too.
    """
    import asyncio

    from gateway.cli.opening import opened
    from gateway.config import load
    from gateway.domain.audit import Broken
    from gateway.runtime.clock import utc_now
    from gateway.usecases.audit_checks import verify as check

    with opened(load(config)) as (database, secrets):
        found = asyncio.run(check(database, secrets.audit_signer, secrets.audit_memory, utc_now()))
    if as_json:
        say_json(_as_json(found))
    else:
        say(_sentence(found))
    if isinstance(found, Broken):
        raise typer.Exit(Exit.FAILED)


def _as_json(found: "Sound | Broken") -> dict[str, object]:
    from gateway.domain.audit import Broken

    if isinstance(found, Broken):
        return {"sound": False, "row": found.number, "fault": found.fault.value}
    return {
        "sound": True,
        "rows": found.rows,
        "first": found.first,
        "last": found.last,
        "signatures": found.checkpoints,
        "signed_up_to": found.vouched,
    }


def _sentence(found: "Sound | Broken") -> str:
    from gateway.domain.audit import Broken

    if isinstance(found, Broken):
        return f"row {found.number}: {_what_is_wrong(found.fault)}"
    if found.first is None:
        return "the audit is sound, and empty"
    return (
        f"the audit is sound: rows {found.first} to {found.last}, "
        f"signed up to row {found.vouched} by {found.checkpoints} signatures"
    )


def _what_is_wrong(fault: "Fault") -> str:  # noqa: PLR0911 - one line a kind of fault
    from gateway.domain.audit import Fault

    match fault:
        case Fault.EDITED:
            return "it is not what was written"
        case Fault.MISSING:
            return "it is missing"
        case Fault.OUT_OF_PLACE:
            return "it does not follow the row before it: swapped, or put in"
        case Fault.END_MISSING:
            return "it and whatever came after it are missing"
        case Fault.CHECKPOINT:
            return "it is not the row that was signed: it and rows before it may have been written anew"
        case Fault.SIGNATURE:
            return "the signature for it was not made with this installation's key, or the one before it is gone"
        case Fault.SIGNATURE_MISSING:
            return "the signature for it was made and is gone: the database is an older one, or was tampered with"
