"""`hearthgate units import | list`."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from gateway.cli.command import AsJson, CommandError, ConfigFile, Exit, command, new_group, say, say_json

if TYPE_CHECKING:
    from gateway.domain.units import Unit
    from gateway.usecases.listed_rows import ListFormat
    from gateway.usecases.units import ImportReport

group = new_group()

Format = Annotated[str | None, typer.Option("--format", help="csv or jsonl; else by the ending of the file's name.")]

_SHOWN_REFUSALS = 20


@group.command("import")
@command
def import_(
    file: Annotated[Path, typer.Argument(help="Production list, CSV or JSON lines; - reads standard input.")],
    *,
    form: Format = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Take the good rows of a production list and report the others. The same list again changes nothing."""
    import asyncio

    from gateway.cli.opening import opened
    from gateway.cli.progress import progress_bar
    from gateway.config import load
    from gateway.runtime.clock import utc_now
    from gateway.usecases.production_list import read_production_list
    from gateway.usecases.types import load_catalogue
    from gateway.usecases.unit_rows import UnitIntake
    from gateway.usecases.units import import_units

    settings = load(config)
    chosen = list_format(file, form)
    types = load_catalogue(settings.types_folder)
    with opened_list(file) as (source, size), opened(settings) as (database, secrets):
        intake = UnitIntake(secrets.indexes, secrets.sealer, secrets.identifiers, types)
        rows = read_production_list(source, chosen)
        with progress_bar("units", size, wanted=not as_json) as advance:

            def show(at: "ImportReport") -> None:
                advance(0 if size is None else source.tell(), f"{at.rows} rows, {at.refused} refused")

            report = asyncio.run(import_units(database, intake, rows, utc_now(), progress=show))
    if as_json:
        problems = [{"line": row.line, "field": row.field, "reason": row.reason} for row in report.refusals]
        say_json(
            {
                "rows": report.rows,
                "taken": report.taken,
                "unchanged": report.unchanged,
                "refused": report.refused,
                "problems": problems,
            },
        )
    else:
        for row in report.refusals[:_SHOWN_REFUSALS]:
            say(f"line {row.line}: {row.field or 'the row'} {row.reason}")
        if report.refused > _SHOWN_REFUSALS:
            say(f"… and {report.refused - _SHOWN_REFUSALS} more refused rows; --json names the first 1000")
        say(f"{report.rows} rows: {report.taken} taken, {report.unchanged} known already, {report.refused} refused")
    if report.refused:
        raise typer.Exit(Exit.FAILED)


@group.command("list")
@command
def list_(
    *,
    limit: Annotated[int, typer.Option(min=1, max=1_000_000, help="Rows at most.")] = 100,
    after: Annotated[str | None, typer.Option(help="Go on behind this unit id.")] = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """List units. Of MAC and machine code only the last two characters are stored readably."""
    import asyncio

    from gateway.cli.opening import opened
    from gateway.config import load
    from gateway.domain.identity import UnitId

    with opened(load(config)) as (database, _):
        last = None if after is None else UnitId(after)
        left = limit
        while left:
            many, behind = min(left, 1000), last
            page = asyncio.run(database.read(lambda tx: tx.units.page(behind, many)))  # noqa: B023 - done before the next turn
            for unit in page:
                _tell(unit, as_json=as_json)
            if len(page) < many:
                break
            left, last = left - len(page), page[-1].unit_id


def list_format(file: Path, form: str | None) -> "ListFormat":
    """The format of a list: as asked, else by the ending of its name."""
    from gateway.usecases.listed_rows import ListFormat

    named = form or {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}.get(file.suffix.lower(), "")
    try:
        return ListFormat(named)
    except ValueError:
        raise CommandError("say how the list is written: --format csv or --format jsonl", Exit.USAGE) from None


@contextmanager
def opened_list(file: Path) -> Iterator[tuple[BinaryIO, int | None]]:
    """A file and its length in bytes, or standard input."""
    if str(file) == "-":
        yield sys.stdin.buffer, None
    else:
        with file.open("rb") as source:
            yield source, file.stat().st_size if file.is_file() else None


def _tell(unit: "Unit", *, as_json: bool) -> None:
    from gateway.domain.units import CertificateCredential

    credential = "unit_certificate" if isinstance(unit.credential, CertificateCredential) else "batch_proof"
    if as_json:
        say_json(
            {
                "unit_id": unit.unit_id,
                "type_id": unit.type_id,
                "mac_tail": unit.mac_tail,
                "machine_code_tail": unit.machine_code_tail,
                "credential": credential,
                "setup_code": unit.setup_code_digest is not None,
                "blocked": unit.blocked,
                "created_at": unit.created_at.isoformat(timespec="milliseconds"),
            },
        )
    else:
        blocked = f"  blocked: {unit.blocked}" if unit.blocked else ""
        say(
            f"{unit.unit_id}  {unit.type_id:28} MAC …{unit.mac_tail}  machine code …{unit.machine_code_tail}  "
            f"{credential}{blocked}",
        )
