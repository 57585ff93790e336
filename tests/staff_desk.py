"""A support desk for tests: people of the staff with passwords and authenticators, over any database."""

import base64
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

from gateway.domain.audit import AuditRow
from gateway.domain.staff import StaffId, StaffRole
from gateway.domain.totp import PERIOD_S, code_at, step_at
from gateway.security.blind_index import HmacBlindIndexes
from gateway.security.identifiers import RandomIdentifiers
from gateway.security.keys import KeyRing, MasterKey
from gateway.security.passwords import BcryptPasswords
from gateway.security.sealing import AesGcmSealer
from gateway.security.tokens import KeyedTokens
from gateway.storage.database import Database
from gateway.usecases import audit, staff, staff_sessions
from gateway.usecases.staff import Enrolled
from gateway.usecases.staff_sessions import LoggedIn, LogInRefused, SignedIn

PASSWORD = "a kettle sings at dusk"
NOW = datetime.fromisoformat("2026-03-01T12:00:00.123+00:00")

T = TypeVar("T")


def secret_in(uri: str) -> bytes:
    """What an authenticator reads from an otpauth URI."""
    return base64.b32decode(parse_qs(urlsplit(uri).query)["secret"][0])


@dataclass
class Colleague:
    """Somebody of the staff, with their authenticator."""

    staff_id: StaffId
    name: str
    secret: bytes = field(repr=False)

    def code(self, now: datetime) -> str:
        return code_at(self.secret, step_at(now))


@dataclass
class Desk:
    """The use cases of staff, with quick passwords."""

    database: Database
    now: datetime = NOW
    address: str = "192.0.2.1"

    def __post_init__(self) -> None:
        keys = KeyRing(MasterKey(bytes(range(32))))
        self.passwords = BcryptPasswords(keys, cost=4, workers=1)
        self.indexes = HmacBlindIndexes(keys)
        self.sealer = AesGcmSealer(keys.wrapping_key)
        self.tokens = KeyedTokens(keys)
        self.identifiers = RandomIdentifiers()

    def pass_by(self, **by: float) -> None:
        self.now += timedelta(**by)

    def next_step(self) -> None:
        """Until the authenticator shows another code."""
        self.now += timedelta(seconds=PERIOD_S)

    async def hire(self, name: str, *roles: StaffRole, password: str = PASSWORD) -> Colleague:
        new = await staff.prepare_staff(
            name,
            password,
            roles,
            passwords=self.passwords,
            indexes=self.indexes,
            identifiers=self.identifiers,
            sealer=self.sealer,
            tokens=self.tokens,
            now=self.now,
        )
        made = await self.run(lambda tx: staff.create(tx, new, by=None, now=self.now))
        assert isinstance(made, Enrolled)
        return Colleague(made.staff_id, name, secret_in(made.otpauth_uri))

    async def run(self, work: Any) -> Any:
        return await audit.recorded(self.database, work)

    async def log_in(self, name: str, code: str, password: str = PASSWORD) -> LoggedIn | LogInRefused:
        return await staff_sessions.log_in(
            self.database,
            name,
            password,
            code,
            passwords=self.passwords,
            indexes=self.indexes,
            sealer=self.sealer,
            tokens=self.tokens,
            address=self.address,
            now=self.now,
        )

    async def who(self, token: str) -> SignedIn | None:
        found: SignedIn | None = await self.run(
            lambda tx: staff_sessions.authenticate(tx, token, tokens=self.tokens, sealer=self.sealer, now=self.now)
        )
        return found

    async def at_work(self, name: str, *roles: StaffRole) -> SignedIn:
        """Somebody who is hired and logs in."""
        colleague = await self.hire(name, *roles)
        opened = await self.log_in(name, colleague.code(self.now))
        assert isinstance(opened, LoggedIn)
        who = await self.who(opened.token)
        assert who is not None
        return who

    async def rows(self) -> list[AuditRow]:
        return await self.database.read(lambda tx: tx.audit.after(0, 1000))

    def close(self) -> None:
        self.passwords.close()
