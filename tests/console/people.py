"""Staff for tests: made as an admin makes them, with an authenticator that can be read."""

import base64
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from gateway.domain.staff import StaffId, StaffRole
from gateway.domain.totp import code_at, step_at
from gateway.usecases import staff

PASSWORD = "seven green kettles"


@dataclass
class Worker:
    """Somebody who can log in."""

    staff_id: StaffId
    name: str
    secret: bytes = field(repr=False)

    def code(self, now: datetime) -> str:
        """What their authenticator shows."""
        return code_at(self.secret, step_at(now))


async def prepared(services: Any, name: str, *roles: StaffRole, now: datetime) -> staff.NewStaff:
    """Somebody who is checked and hashed, and stored by nobody yet.

    `services` has database, passwords, indexes, identifiers, sealer and tokens.
    """
    normal = staff.check_new_staff(name, PASSWORD, roles, services.passwords)
    assert isinstance(normal, str), normal
    return await staff.prepare_staff(
        normal,
        PASSWORD,
        roles,
        passwords=services.passwords,
        indexes=services.indexes,
        identifiers=services.identifiers,
        sealer=services.sealer,
        tokens=services.tokens,
        now=now,
    )


async def hire(services: Any, name: str, *roles: StaffRole, now: datetime) -> Worker:
    """Make an account on the machine. `services` as in `prepared`."""
    new = await prepared(services, name, *roles, now=now)
    made = await services.database.run(lambda tx: staff.create(tx, new, by=None, now=now))
    assert isinstance(made, staff.Enrolled)
    return Worker(made.staff_id, name, secret_in(made.otpauth_uri))


def secret_in(uri: str) -> bytes:
    """What an authenticator reads from an otpauth URI."""
    text = parse_qs(urlsplit(uri).query)["secret"][0]
    return base64.b32decode(text + "=" * (-len(text) % 8))
