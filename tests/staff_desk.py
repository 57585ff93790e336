"""A support desk for tests: people of the staff with passwords and authenticators, over any database."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from gateway.domain.audit import AuditRow
from gateway.domain.staff import StaffRole
from gateway.domain.totp import PERIOD_S
from gateway.security.blind_index import HmacBlindIndexes
from gateway.security.identifiers import RandomIdentifiers
from gateway.security.keys import KeyRing, MasterKey
from gateway.security.passwords import BcryptPasswords
from gateway.security.sealing import AesGcmSealer
from gateway.security.tokens import KeyedTokens
from gateway.storage.database import Database
from gateway.usecases import audit, staff_sessions
from gateway.usecases.staff_sessions import LoggedIn, LogInRefused, SignedIn
from tests.console.people import PASSWORD, Worker, hire

NOW = datetime.fromisoformat("2026-03-01T12:00:00.123+00:00")


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

    async def hire(self, name: str, *roles: StaffRole) -> Worker:
        return await hire(self, name, *roles, now=self.now)

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
