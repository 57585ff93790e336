"""The production list: what the factory says of each unit that it made."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, Final

from gateway.usecases.listed_rows import Columns, ListedRow, ListFormat, RefusedRow, read_rows

COLUMNS: Final = Columns(("type_id", "machine_code", "mac", "credential"), ("claim_id", "setup_code"))


@dataclass(frozen=True, slots=True)
class Row:
    """One unit, as it stood there without blanks around."""

    line: int
    type_id: str
    machine_code: str = field(repr=False)
    mac: str = field(repr=False)
    credential: str = field(repr=False)
    """`sha256:` and the fingerprint of its certificate, or `key:` and its key, both in hexadecimal."""
    claim_id: str | None = field(repr=False, default=None)
    """The common name of its claim certificate: needed where the broker cannot tell the gateway the certificate."""
    setup_code: str | None = field(repr=False, default=None)


def read_production_list(file: BinaryIO, form: ListFormat) -> Iterator[Row | RefusedRow]:
    """The rows of a production list, in their order.

    Raises:
        ListError: the file as a whole is none.
    """
    for row in read_rows(file, form, COLUMNS):
        yield row if isinstance(row, RefusedRow) else _row(row)


def _row(row: ListedRow) -> Row:
    values = {name: value.strip() for name, value in row.values.items()}
    return Row(
        line=row.line,
        type_id=values["type_id"],
        machine_code=values["machine_code"],
        mac=values["mac"],
        credential=values["credential"],
        claim_id=values.get("claim_id") or None,
        setup_code=values.get("setup_code") or None,
    )
