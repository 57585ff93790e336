"""The demo's login at the support console: made at the first start, with a new authenticator at each."""

import base64
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qs, urlsplit

from gateway.bootstrap.secrets import Secrets
from gateway.config import Settings
from gateway.domain.staff import StaffRole
from gateway.domain.totp import code_at, step_at
from gateway.runtime.clock import utc_now
from gateway.security.passwords import BcryptPasswords
from gateway.usecases import audit
from gateway.usecases import staff as usecase
from gateway.usecases.staff import Enrolled
from gateway.usecases.transaction import Database, Transaction

NAME: Final = "demo"
ROLE: Final = StaffRole.LEAD
"""Sees appliances and attempts, and customers with their code."""


@dataclass(frozen=True, slots=True)
class SupportLogin:
    """What somebody types to get in."""

    name: str
    code: str = field(repr=False)
    """Of this half minute."""
    secret: str = field(repr=False)
    """For an authenticator: it shows the next codes."""


async def ready_login(database: Database, secrets: Secrets, settings: Settings, password: str) -> SupportLogin:
    """The login, ready to be used.

    Raises:
        DatabaseUnavailableError: nothing was written.
    """
    enrolled = await audit.recorded(database, lambda tx: _enrolled_again(tx, secrets))
    if enrolled is None:
        enrolled = await _enrolled(database, secrets, settings, password)
    [secret] = parse_qs(urlsplit(enrolled.otpauth_uri).query)["secret"]
    raw = base64.b32decode(secret + "=" * (-len(secret) % 8))
    return SupportLogin(NAME, code_at(raw, step_at(utc_now())), secret)


def _enrolled_again(tx: Transaction, secrets: Secrets) -> Enrolled | None:
    staff_id = usecase.by_name(tx, NAME, secrets.indexes)
    if staff_id is None:
        return None
    done = usecase.reset_totp(tx, staff_id, by=None, sealer=secrets.sealer, tokens=secrets.tokens, now=utc_now())
    return done if isinstance(done, Enrolled) else None


async def _enrolled(database: Database, secrets: Secrets, settings: Settings, password: str) -> Enrolled:
    passwords = BcryptPasswords(secrets.keys, cost=settings.passwords.bcrypt_cost, workers=1, queue=1)
    try:
        new = await usecase.prepare_staff(
            NAME,
            password,
            (ROLE,),
            passwords=passwords,
            indexes=secrets.indexes,
            identifiers=secrets.identifiers,
            sealer=secrets.sealer,
            tokens=secrets.tokens,
            now=utc_now(),
        )
    finally:
        passwords.close()
    made = await audit.recorded(database, lambda tx: usecase.create(tx, new, by=None, now=utc_now()))
    if not isinstance(made, Enrolled):
        raise TypeError("somebody made this login in the same moment")
    return made
