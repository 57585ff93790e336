"""An account of the older system."""

import hashlib

from gateway.usecases.account_import import ImportedLine, OldAccount, import_accounts
from tests.api.rig import NAME, PASSWORD, Rig

SALT = "k3"


def digest(password: str = PASSWORD, *, salt_first: bool = True) -> str:
    text = SALT + password if salt_first else password + SALT
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def row(line: int = 1, name: str = NAME, md5_hex: str | None = None, *, salt_first: bool = True) -> OldAccount:
    return OldAccount(line, name, md5_hex or digest(salt_first=salt_first), SALT, salt_first, adult=True)


async def import_rows(rig: Rig, *rows: OldAccount) -> list[ImportedLine]:
    return [
        line
        async for line in import_accounts(
            rig.database, rig.passwords, rows, indexes=rig.indexes, identifiers=rig.identifiers, clock=rig.time
        )
    ]


async def import_one(rig: Rig) -> list[ImportedLine]:
    return await import_rows(rig, row())
