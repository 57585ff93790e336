"""A household whose people have data sent to addresses of theirs, and somebody's server without a socket."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from gateway.delivery.errands import Errands
from gateway.delivery.webhooks import MayLeave
from gateway.domain.consent import Consent, ConsentState, Purpose
from gateway.domain.disclosures import Disclosure, Field, Why
from gateway.domain.identity import AccountId, DeviceId
from gateway.security.keys import KeyRing, MasterKey
from gateway.usecases import disclosures, recipients
from tests.person_keys import persons_in_memory
from tests.usecases.household import Household

URL = "https://example.com/hook"
ALL = frozenset(Field)


@dataclass
class Post:
    """Somebody's server, without a socket: answers as a test says and keeps what came."""

    answers: list[Why | None] = field(default_factory=lambda: [None])
    sent: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)

    on_its_way: Callable[[], Awaitable[None]] | None = None
    """What happens between the look at the consent and the moment at which the server is reached."""

    async def post(
        self,
        url: str,
        secret: str,
        payload: bytes,
        now: datetime,  # noqa: ARG002
        may_leave: MayLeave,
    ) -> Why | None:
        if self.on_its_way is not None:
            await self.on_its_way()
        if not await may_leave():
            return Why.WITHDRAWN
        self.sent.append((url, secret, json.loads(payload)))
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    async def close(self) -> None:
        pass


class Door:
    """A household whose people share."""

    def __init__(self, household: Household) -> None:
        self.household = household
        self.persons = persons_in_memory(KeyRing(MasterKey(bytes(range(32)))))
        self.post = Post()
        self.errands = Errands(household.database, self.persons, self.post, lambda: household.now)

    async def grants(self, account_id: AccountId, state: ConsentState = ConsentState.GRANTED) -> None:
        """As the ledger would have it; how one comes to say so is tested with the consents."""

        def put(tx: Any) -> None:
            known = tx.consents.to_change(account_id, Purpose.SHARE_WEBHOOK, self.household.now).consent
            tx.consents.put(
                Consent(
                    account_id=account_id,
                    purpose=Purpose.SHARE_WEBHOOK,
                    state=state,
                    at=self.household.now,
                    text_version=1,
                    policy_version=1,
                    event_number=0,
                    version=0 if known is None else known.version,
                )
            )

        await self.household.run(put)

    async def named(self, account_id: AccountId, url: str = URL) -> Any:
        return await self.household.run(
            lambda tx: recipients.name_recipient(
                tx,
                account_id,
                url,
                ports=frozenset({443}),
                persons=self.persons,
                tokens=self.household.tokens,
                identifiers=self.household.identifiers,
                now=self.household.now,
            )
        )

    async def sends(
        self, account_id: AccountId, named: Any, device_id: DeviceId, fields: frozenset[Field] = ALL
    ) -> Any:
        return await self.household.run(
            lambda tx: disclosures.send_device(
                tx,
                account_id,
                named.recipient.recipient_id,
                device_id,
                fields,
                persons=self.persons,
                names=self.persons.sealer(account_id),
                identifiers=self.household.identifiers,
                now=self.household.now,
            )
        )

    async def stored(self, disclosure: Disclosure) -> Disclosure:
        found = await self.household.read(lambda tx: tx.disclosures.get(disclosure.disclosure_id))
        assert found is not None
        return found
