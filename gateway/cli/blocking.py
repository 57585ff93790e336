"""`hearthgate units block | unblock`, and the revocation list for a broker that somebody else runs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.command import AsJson, CommandError, ConfigFile, Exit, command, say, say_json

if TYPE_CHECKING:
    from gateway.bootstrap.secrets import Secrets
    from gateway.domain.units import BlockReason, Unit
    from gateway.usecases.transaction import Transaction

MachineCode = Annotated[str, typer.Argument(help="As on the label.")]


@command
def block(
    machine_code: MachineCode,
    *,
    reason: Annotated[str, typer.Option(help="recall, theft or abuse.")],
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Block a unit: no activation, certificates revoked, connection ended within seconds by the running gateway."""
    import asyncio

    from gateway.cli.opening import opened
    from gateway.config import load
    from gateway.runtime.clock import utc_now
    from gateway.usecases import blocking

    why = _reason(reason)
    with opened(load(config)) as (database, secrets):
        device = asyncio.run(
            database.run(lambda tx: blocking.block(tx, _unit(tx, secrets, machine_code), why, utc_now()))
        )
    _tell("blocked", device is not None, as_json=as_json)


@command
def unblock(machine_code: MachineCode, *, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Take a block back. The appliance has to activate again, with a new key."""
    import asyncio

    from gateway.cli.opening import opened
    from gateway.config import load
    from gateway.usecases import blocking

    with opened(load(config)) as (database, secrets):
        device = asyncio.run(database.run(lambda tx: blocking.unblock(tx, _unit(tx, secrets, machine_code))))
    _tell("unblocked", device is not None, as_json=as_json)


@command
def crl(
    folder: Annotated[Path, typer.Argument(help="Where the broker reads them.")],
    *,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Write the revocation lists for a broker that somebody else runs. Have it done daily; each holds for a week."""
    import asyncio

    from gateway.bootstrap.admission import revocation_lists
    from gateway.cli.opening import opened
    from gateway.config import load
    from gateway.runtime.clock import utc_now
    from gateway.security.files import replace_private

    with opened(load(config)) as (database, secrets):
        lists = asyncio.run(revocation_lists(database, secrets, utc_now))
    written = {"claim.crl": lists.claim, "device.crl": lists.device}
    for name, text in written.items():
        if text is not None:
            replace_private(folder / name, text.encode())
    names = [name for name, text in written.items() if text is not None]
    if as_json:
        say_json({"folder": str(folder), "files": names})
        return
    for name in names:
        say(str(folder / name))


def _reason(text: str) -> "BlockReason":
    from gateway.domain.units import BlockReason

    try:
        return BlockReason(text)
    except ValueError:
        raise CommandError(f"the reason is one of {', '.join(BlockReason)}", Exit.USAGE) from None


def _unit(tx: "Transaction", secrets: "Secrets", machine_code: str) -> "Unit":
    from gateway.domain.units import Unfit, normal_machine_code
    from gateway.usecases.services import IndexedField

    normal = normal_machine_code(machine_code)
    if isinstance(normal, Unfit):
        raise CommandError(normal.reason, Exit.USAGE)
    unit = tx.units.by_machine_code(secrets.indexes.index(IndexedField.MACHINE_CODE, normal))
    if unit is None:
        raise CommandError("there is no unit with this machine code")
    return unit


def _tell(what: str, was_active: bool, *, as_json: bool) -> None:  # noqa: FBT001 - one of two facts
    if as_json:
        say_json({what: True, "was_active": was_active})
    else:
        say(f"{what}; " + ("it was activated before" if was_active else "it was never activated"))
