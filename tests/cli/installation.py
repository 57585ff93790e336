"""A whole installation on the disk without a running gateway: keys, authorities, database, keys of persons, ledger."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from pydantic import SecretStr
from sqlalchemy import select

from gateway.bootstrap.persons import open_person_keys
from gateway.bootstrap.secrets import Secrets, open_secrets
from gateway.config import Settings
from gateway.domain.erasure import Reason
from gateway.domain.identity import AccountId, DeviceId
from gateway.observability.metrics import Metrics
from gateway.runtime.clock import utc_now
from gateway.runtime.erasures import Erasures, Stores
from gateway.security.erasure_ledger import ErasureLedger
from gateway.storage.database import Database
from gateway.storage.engine import engine_for
from gateway.storage.freed_space import overwrite
from gateway.storage.key_checks import remembered_key_check
from gateway.storage.migrate import migrate
from gateway.storage.person_keys import SqlPersonKeys
from gateway.storage.tables import metadata
from gateway.usecases import devices, erasure
from gateway.usecases.services import IndexedField
from gateway.usecases.transaction import Transaction
from tests.usecases.household import Household

T = TypeVar("T")
People = tuple[AccountId, DeviceId, AccountId, DeviceId]
"""Ann with her bath heater, Bob with his in the hall."""


@dataclass
class Opened:
    """What a running gateway would have open."""

    secrets: Secrets
    persons: SqlPersonKeys
    household: Household

    async def named(self, account_id: AccountId, name: str) -> DeviceId:
        """A new appliance of an account, with a name."""
        device_id = await self.household.bound(account_id)

        def work(tx: Transaction) -> None:
            bound = devices.held(tx, account_id, device_id, self.household.now)
            assert bound is not None
            devices.rename(tx, self.persons.sealer(account_id), account_id, bound, name, self.household.now)

        await self.household.run(work)
        return device_id

    async def name_of(self, account_id: AccountId, device_id: DeviceId) -> str | None:
        seen = await self.household.read(
            lambda tx: devices.one(tx, self.persons.sealer(account_id), account_id, device_id, self.household.now)
        )
        return None if seen is None else seen.nickname


@dataclass
class Installation:
    """One data folder and its database."""

    folder: Path
    url: str | None = None

    @property
    def settings(self) -> Settings:
        database = {} if self.url is None else {"url": SecretStr(self.url)}
        return Settings.model_validate({"data_folder": self.folder, "region": "local", "database": database})

    def run(self, work: Callable[[Opened], Awaitable[T]]) -> T:
        """Open everything as a gateway does, and close it again."""

        async def opened() -> T:
            settings = self.settings
            secrets = open_secrets(settings, utc_now)
            engine = engine_for(settings.database_url.get_secret_value(), threads=4)
            migrate(engine)
            secrets.keys.check(remembered_key_check(engine, secrets.keys.self_test_record()))
            database = Database(engine, gateway_id="", writers=2)
            persons = open_person_keys(settings, secrets, database)
            try:
                return await work(Opened(secrets, persons, Household(database)))
            finally:
                persons.close()
                database.close()

        return asyncio.run(opened())

    def close_account(self, account_id: AccountId) -> None:
        """Close it, and carry its erasure out."""

        async def work(it: Opened) -> None:
            async def evict(_: str) -> None:
                """Nobody is connected."""

            household = it.household
            household.now = utc_now()
            await household.run(lambda tx: erasure.begin(tx, household, account_id, Reason.CLOSED, household.now))
            stores = Stores(
                persons=it.persons,
                ledger=ErasureLedger(self.settings.erasure_ledger_file, it.secrets.keys),
                index=partial(it.secrets.indexes.index, IndexedField.PERSON),
                evict=evict,
                broker="none",
                overwrite=partial(overwrite, household.database.engine),
                signer=it.secrets.receipts,
                region="local",
            )
            job = Erasures(household.database, stores, lambda: household.now, Metrics("test"))
            for _ in range(4):
                while await job.one():
                    pass
                household.pass_by(seconds=15)
            assert all(one.finished_at for one in await household.read(lambda tx: tx.erasures.page(10)))

        self.run(work)

    def naming(self, name: str) -> set[str]:
        """Columns in which a name is."""

        async def work(it: Opened) -> set[str]:
            found = set()
            with it.household.database.engine.connect() as connection:
                for table in metadata.tables.values():
                    for row in connection.execute(select(table)):
                        found |= {f"{table.name}.{key}" for key, value in row._mapping.items() if name in str(value)}
            return found

        return self.run(work)


def name_of(at: Installation, account_id: AccountId, device_id: DeviceId) -> str | None:
    """What an appliance is called by its person."""
    return at.run(lambda it: it.name_of(account_id, device_id))
