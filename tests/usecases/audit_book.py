"""An audit for tests: rows on any database, a key, and the memory beside the key."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text

from gateway.domain.audit import Broken, Checkpoint, Sound
from gateway.observability.metrics import Metrics
from gateway.runtime.checkpoints import Checkpoints
from gateway.security.audit_signatures import Ed25519AuditSigner, FileCheckpointMemory
from gateway.storage.database import Database
from gateway.usecases.audit import append
from gateway.usecases.audit_checks import sign_if_due, verify
from tests.storage.records import NOW, SECOND
from tests.storage.staff_records import an_entry

SIGNER = Ed25519AuditSigner(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
DAY = timedelta(days=1)


@dataclass
class Book:
    """One gateway's hold on the audit of a database."""

    database: Database
    memory: FileCheckpointMemory
    metrics: Metrics = field(default_factory=lambda: Metrics("test"))

    def failures(self) -> float:
        """How often it could not be signed."""
        found = self.metrics.registry.get_sample_value("hearthgate_audit_failures_total")
        assert found is not None
        return found

    async def written(self, many: int, *, signed_after: int | None = None) -> None:
        for number in range(1, many + 1):
            await self.database.run(lambda tx, n=number: append(tx, an_entry(NOW + n * SECOND, staff=n % 3)))  # type: ignore[misc]
            if number == signed_after:
                assert await self.signed()

    async def signed(self, at: datetime = NOW + 60 * SECOND) -> Checkpoint | None:
        return await sign_if_due(self.database, SIGNER, self.memory, at)

    async def checked(self, at: datetime = NOW + DAY) -> Sound | Broken:
        return await verify(self.database, SIGNER, self.memory, at)

    def service(self, at: datetime) -> Checkpoints:
        return Checkpoints(self.database, SIGNER, self.memory, lambda: at, self.metrics)

    def do(self, *statements: str) -> None:
        """As somebody would who has the database."""
        with self.database.engine.begin() as connection:
            for statement in statements:
                connection.execute(text(statement))


def book_of(database: Database, folder: Path) -> Book:
    return Book(database, FileCheckpointMemory(folder / "audit.newest.json"))
