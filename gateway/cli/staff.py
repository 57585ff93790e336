"""`hearthgate staff create | list | reset-totp | set-password | disable`: on the machine itself; so the first admin."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.command import AsJson, CommandError, ConfigFile, Exit, command, new_group, say, say_json

if TYPE_CHECKING:
    from gateway.bootstrap.secrets import Secrets
    from gateway.config import Settings
    from gateway.domain.staff import StaffId, StaffRole
    from gateway.security.passwords import BcryptPasswords
    from gateway.usecases.staff import Enrolled
    from gateway.usecases.transaction import Transaction

group = new_group()

Name = Annotated[str, typer.Argument(help="The name under which they log in.")]


@group.callback()
def staff() -> None:
    """Those who work at the support console."""


@group.command("create")
@command
def create(
    name: Name,
    *,
    role: Annotated[
        list[str],
        typer.Option("--role", "-r", help="viewer, agent, lead, engineer, privacy_officer, auditor or admin; several."),
    ],
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Make an account. The password is asked for, or is the first line of standard input; never an argument.

    Shows once what the person's authenticator has to read.
    """
    import asyncio

    from gateway.cli.opening import opened
    from gateway.config import load
    from gateway.runtime.clock import utc_now
    from gateway.usecases import audit
    from gateway.usecases import staff as usecase

    settings = load(config)
    roles = _roles(role)
    with opened(settings) as (database, secrets):
        passwords = _passwords(settings, secrets)

        async def work() -> "Enrolled | usecase.StaffNameTaken":
            password = _asked_password()
            normal = usecase.check_new_staff(name, password, roles, passwords)
            if not isinstance(normal, str):
                raise CommandError("; ".join(f"{bad.field}: {bad.message}" for bad in normal), Exit.USAGE)
            now = utc_now()
            new = await usecase.prepare_staff(
                normal,
                password,
                roles,
                passwords=passwords,
                indexes=secrets.indexes,
                identifiers=secrets.identifiers,
                sealer=secrets.sealer,
                tokens=secrets.tokens,
                now=now,
            )
            return await audit.recorded(database, lambda tx: usecase.create(tx, new, by=None, now=now))

        try:
            made = asyncio.run(work())
        finally:
            passwords.close()
    if isinstance(made, usecase.StaffNameTaken):
        raise CommandError("there is an account with this name already")
    _show(made, as_json=as_json)


@group.command("list")
@command
def list_(*, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Show everybody, with their roles."""
    import asyncio

    from gateway.cli.opening import opened
    from gateway.config import load
    from gateway.domain.audit import MACHINE, AuditEntry, Result
    from gateway.domain.staff import Action
    from gateway.runtime.clock import utc_now
    from gateway.usecases.audit import audited
    from gateway.usecases.staff import listed

    entry = AuditEntry(at=utc_now(), staff_id=None, role=MACHINE, action=Action.LIST_STAFF, result=Result.GRANTED)
    with opened(load(config)) as (database, secrets):
        everybody = asyncio.run(audited(database, entry, lambda tx: listed(tx, secrets.sealer)))
    if as_json:
        say_json(
            [
                {
                    "name": one.name,
                    "roles": sorted(one.roles),
                    "created_at": one.created_at.isoformat(timespec="seconds"),
                    "disabled_at": None if one.disabled_at is None else one.disabled_at.isoformat(timespec="seconds"),
                }
                for one in everybody
            ],
        )
        return
    for one in everybody:
        state = "" if one.disabled_at is None else f"  disabled {one.disabled_at:%Y-%m-%d}"
        say(f"{one.name}  {', '.join(sorted(one.roles))}{state}")
    if not everybody:
        say("there is nobody yet; run: hearthgate staff create NAME --role admin")


@group.command("reset-totp")
@command
def reset_totp(name: Name, *, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """A new authenticator for somebody who lost theirs. Their sessions end."""
    import asyncio

    from gateway.cli.opening import opened
    from gateway.config import load
    from gateway.runtime.clock import utc_now
    from gateway.usecases import audit
    from gateway.usecases import staff as usecase
    from gateway.usecases.staff import Enrolled

    with opened(load(config)) as (database, secrets):

        def work(tx: "Transaction") -> "Enrolled":
            done = usecase.reset_totp(
                tx, _id_of(tx, name, secrets), by=None, sealer=secrets.sealer, tokens=secrets.tokens, now=utc_now()
            )
            if not isinstance(done, Enrolled):
                raise CommandError("there is nobody with this name")
            return done

        enrolled = asyncio.run(audit.recorded(database, work))
    _show(enrolled, as_json=as_json)


@group.command("set-password")
@command
def set_password(name: Name, *, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Another password for somebody who forgot theirs; asked for, or the first line of standard input."""
    import asyncio

    from gateway.cli.opening import opened
    from gateway.config import load
    from gateway.runtime.clock import utc_now
    from gateway.usecases import audit
    from gateway.usecases import staff as usecase
    from gateway.usecases.staff import Changed

    settings = load(config)
    with opened(settings) as (database, secrets):
        passwords = _passwords(settings, secrets)

        async def work() -> int:
            staff_id = await database.read(lambda tx: _id_of(tx, name, secrets))
            password = _asked_password()
            problem = passwords.check_rules(password, name)
            if problem is not None:
                raise CommandError(f"password: {problem}", Exit.USAGE)
            record = await passwords.hash(password)
            done = await audit.recorded(
                database, lambda tx: usecase.set_password(tx, staff_id, record, by=None, now=utc_now())
            )
            if not isinstance(done, Changed):
                raise CommandError("there is nobody with this name")
            return done.sessions_ended

        try:
            ended = asyncio.run(work())
        finally:
            passwords.close()
    _tell_ended("password set", ended, as_json=as_json)


@group.command("disable")
@command
def disable(name: Name, *, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Nobody logs in with this account any more: sessions and grants end now. The name stays taken."""
    import asyncio

    from gateway.cli.opening import opened
    from gateway.config import load
    from gateway.runtime.clock import utc_now
    from gateway.usecases import audit
    from gateway.usecases import staff as usecase
    from gateway.usecases.staff import Changed, LastAdmin

    with opened(load(config)) as (database, secrets):

        def work(tx: "Transaction") -> int:
            done = usecase.disable(tx, _id_of(tx, name, secrets), by=None, now=utc_now())
            if isinstance(done, LastAdmin):
                raise CommandError("this is the last admin; make another one first")
            if not isinstance(done, Changed):
                raise CommandError("there is nobody with this name")
            return done.sessions_ended

        ended = asyncio.run(audit.recorded(database, work))
    _tell_ended("disabled", ended, as_json=as_json)


def _roles(texts: list[str]) -> "frozenset[StaffRole]":
    from gateway.domain.staff import StaffRole

    try:
        return frozenset(StaffRole(text) for text in texts)
    except ValueError:
        raise CommandError(f"a role is one of {', '.join(StaffRole)}", Exit.USAGE) from None


def _passwords(settings: "Settings", secrets: "Secrets") -> "BcryptPasswords":
    from gateway.security.passwords import BcryptPasswords

    bcrypt = settings.passwords
    return BcryptPasswords(secrets.keys, cost=bcrypt.bcrypt_cost, workers=bcrypt.workers, queue=bcrypt.queue)


def _id_of(tx: "Transaction", name: str, secrets: "Secrets") -> "StaffId":
    from gateway.usecases.staff import by_name

    found = by_name(tx, name, secrets.indexes)
    if found is None:
        raise CommandError("there is nobody with this name")
    return found


def _asked_password() -> str:
    """From the terminal, unseen and twice; else the first line of standard input."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    import getpass

    first = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != first:
        raise CommandError("the two are not the same")
    return first


def _show(enrolled: "Enrolled", *, as_json: bool) -> None:
    from gateway.security.qr import qr_for_terminal

    if as_json:
        say_json({"otpauth_uri": enrolled.otpauth_uri})
        return
    say("Have their authenticator read this; it is shown once.")
    say("")
    if sys.stdout.isatty():
        say(qr_for_terminal(enrolled.otpauth_uri))
    say(enrolled.otpauth_uri)


def _tell_ended(what: str, ended: int, *, as_json: bool) -> None:
    if as_json:
        say_json({"done": what, "sessions_ended": ended})
    else:
        say(f"{what}; {ended} sessions ended")
