"""People who ask about their data, and officers who answer: what tests of requests begin with."""

from datetime import datetime
from typing import Any

from gateway.domain.identity import AccountId
from gateway.domain.requests import DeletionGround, RefusalGround, Request, RequestId, RequestKind
from gateway.domain.staff import StaffRole
from gateway.security.identifiers import RandomIdentifiers
from gateway.security.keys import KeyRing, MasterKey
from gateway.storage.database import Database
from gateway.storage.person_keys import SqlPersonKeys
from gateway.usecases import request_answers, requests
from gateway.usecases.outbox import Committed, Counted
from gateway.usecases.request_answers import InHand
from gateway.usecases.staff_sessions import SignedIn
from tests.person_keys import persons_in_memory
from tests.staff_desk import NOW, Desk
from tests.usecases.household import Household

SECRET = "My neighbour reads my meter."
NOBODYS = RequestId("q-" + "0" * 26)


class Office:
    """People who ask, and officers who answer."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.desk = Desk(database)
        self.persons: SqlPersonKeys = persons_in_memory(KeyRing(MasterKey(bytes(range(32)))))
        self.identifiers = RandomIdentifiers()
        self.people = Household(database, now=NOW)
        self.counted: list[tuple[Counted, tuple[str, ...]]] = []
        database.on_commit(self._committed)

    def _committed(self, committed: Committed) -> None:
        self.counted += [one for one in committed.counted if one[0] in {Counted.REQUEST, Counted.REQUEST_ALARM}]

    def close(self) -> None:
        self.desk.close()
        self.persons.close()

    async def asks(
        self,
        account_id: AccountId,
        kind: RequestKind = RequestKind.QUESTION,
        text: str = SECRET,
        *,
        ground: DeletionGround | None = None,
        about: RequestId | None = None,
        now: datetime | None = None,
    ) -> Any:
        return await self.database.run(
            lambda tx: requests.ask(
                tx,
                account_id,
                kind=kind,
                ground=ground,
                about=about,
                text=text,
                persons=self.persons,
                identifiers=self.identifiers,
                now=now or self.desk.now,
            )
        )

    async def takes(self, who: SignedIn, request: Request) -> Any:
        return await self.database.run(lambda tx: request_answers.take(tx, who, request.request_id, self.desk.now))

    async def reads(self, who: SignedIn, request: Request) -> InHand:
        found = await self.database.run(
            lambda tx: request_answers.read(tx, who, request.request_id, persons=self.persons, now=self.desk.now)
        )
        assert isinstance(found, InHand)
        return found

    async def answers(self, who: SignedIn, request: Request, text: str = "It does not.") -> Any:
        return await self.database.run(
            lambda tx: request_answers.answer(
                tx, who, request.request_id, text, persons=self.persons, now=self.desk.now
            )
        )

    async def refuses(self, who: SignedIn, request: Request, ground: RefusalGround) -> Any:
        return await self.database.run(
            lambda tx: request_answers.refuse(
                tx, who, request.request_id, ground, "Because.", persons=self.persons, now=self.desk.now
            )
        )

    async def stored(self, request: Request) -> Request:
        found = await self.database.read(lambda tx: tx.requests.get(request.request_id))
        assert found is not None
        return found

    async def officer(self, name: str) -> SignedIn:
        return await self.desk.at_work(name, StaffRole.PRIVACY_OFFICER)
