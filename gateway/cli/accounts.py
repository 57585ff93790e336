"""`hearthgate accounts import`: accounts of an older system, whose passwords are salted md5 digests."""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from gateway.cli.command import AsJson, ConfigFile, Exit, command, new_group, say, say_json
from gateway.cli.units import Format, list_format, opened_list

if TYPE_CHECKING:
    from gateway.usecases.account_import import ImportedLine, OldAccount
    from gateway.usecases.listed_rows import ListFormat, RefusedRow

group = new_group()

_SHOWN_REFUSALS = 20
_KEPT_REFUSALS = 1000


@group.callback()
def accounts() -> None:
    """Accounts from an older system."""


@group.command("import")
@command
def import_(
    file: Annotated[Path, typer.Argument(help="Columns login_name, md5 (hex), salt, adult (yes or no).")],
    *,
    salt_first: Annotated[
        bool, typer.Option("--salt-first/--salt-last", help="md5(salt + password), or md5(password + salt).")
    ] = True,
    form: Format = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Wrap old md5 digests in bcrypt; they are not kept. The same list again changes nothing.

    Takes about 230 ms a row and core: that is the point of bcrypt.
    """
    import asyncio

    from gateway.cli.opening import opened
    from gateway.cli.progress import progress_bar
    from gateway.config import load
    from gateway.runtime.clock import utc_now
    from gateway.security.passwords import BcryptPasswords
    from gateway.usecases.account_import import Outcome, import_accounts

    settings = load(config)
    chosen = list_format(file, form)
    counts = dict.fromkeys(Outcome, 0)
    refusals: list[tuple[int, str]] = []

    def count(line: int, outcome: Outcome, reason: str | None) -> None:
        counts[outcome] += 1
        if outcome is Outcome.REFUSED and len(refusals) < _KEPT_REFUSALS:
            refusals.append((line, reason or ""))

    with opened_list(file) as (source, size), opened(settings) as (database, secrets):
        bcrypt = settings.passwords
        passwords = BcryptPasswords(secrets.keys, cost=bcrypt.bcrypt_cost, workers=bcrypt.workers, queue=bcrypt.queue)
        rows = _old_accounts(
            source,
            chosen,
            salt_first=salt_first,
            refuse=lambda row: count(row.line, Outcome.REFUSED, f"{row.field or 'the row'} {row.reason}"),
        )
        lines = import_accounts(
            database, passwords, rows, indexes=secrets.indexes, identifiers=secrets.identifiers, clock=utc_now
        )
        with progress_bar("accounts", size, wanted=not as_json) as advance:

            async def take(lines: "AsyncIterator[ImportedLine]") -> None:
                async for line in lines:
                    count(line.line, line.outcome, line.reason)
                    advance(0 if size is None else source.tell(), f"{sum(counts.values())} rows")

            try:
                asyncio.run(take(lines))
            finally:
                passwords.close()
    refusals.sort()
    if as_json:
        problems = [{"line": line, "reason": reason} for line, reason in refusals]
        say_json({**{outcome.value: number for outcome, number in counts.items()}, "problems": problems})
    else:
        for line, reason in refusals[:_SHOWN_REFUSALS]:
            say(f"line {line}: {reason}")
        say(
            f"{counts[Outcome.IMPORTED]} imported, {counts[Outcome.ALREADY_THERE]} there already, "
            f"{counts[Outcome.REFUSED]} refused"
        )
    if counts[Outcome.REFUSED]:
        raise typer.Exit(Exit.FAILED)


def _old_accounts(
    source: BinaryIO, form: "ListFormat", *, salt_first: bool, refuse: "Callable[[RefusedRow], None]"
) -> "Iterator[OldAccount]":
    from gateway.usecases.account_import import OldAccount
    from gateway.usecases.listed_rows import Columns, RefusedRow, read_rows

    for row in read_rows(source, form, Columns(("login_name", "md5", "salt", "adult"))):
        if isinstance(row, RefusedRow):
            refuse(row)
            continue
        adult = row.values["adult"].strip().lower()
        if adult not in ("yes", "no", "true", "false"):
            refuse(RefusedRow(row.line, "adult", "must be yes or no"))
            continue
        yield OldAccount(
            line=row.line,
            login_name=row.values["login_name"].strip(),
            md5_hex=row.values["md5"].strip(),
            salt=row.values["salt"],  # as it stands: a blank may belong to it
            salt_first=salt_first,
            adult=adult in ("yes", "true"),
        )
