"""People who are shown texts and say yes or no to them, as an app would do it for them."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gateway.domain.consent import GrantedPurpose, Purpose
from gateway.domain.identity import AccountId
from gateway.domain.policies import BadPolicy, ChangeReason, Language, Policy, PolicyKind
from gateway.storage.data_map import for_policy
from gateway.usecases import consent_giving, consents, policies, withdrawal
from gateway.usecases.consent_giving import Given, GivingRefusal, NoticeShown, Silence, Speaker
from gateway.usecases.packaged_policies import packaged
from gateway.usecases.policies import Acknowledged, Published, text_in
from gateway.usecases.purposes import purpose_in
from gateway.usecases.withdrawal import WasOff, Withdrawn
from tests.usecases.household import Household


@dataclass
class Saying:
    """What a household's people do with their consents."""

    home: Household
    published: list[Policy] = field(default_factory=list)

    @property
    def now(self) -> datetime:
        return self.home.now

    async def first_policy(self) -> Policy:
        """The policy that comes with the program."""
        files = packaged(for_policy, self.home.controller, self.now)
        assert await self.home.run(lambda tx: policies.publish_first(tx, files.policy, files.texts))
        self.published.append(files.policy)
        return files.policy

    async def publish(
        self,
        *reasons: ChangeReason,
        affects: frozenset[Purpose] = frozenset(),
        reduces_rights: bool = False,
        after: timedelta = timedelta(days=30),
    ) -> Policy:
        """The next version: minor without a reason, else significant."""
        policy = Policy(
            version=len(self.published) + 1,
            kind=PolicyKind.SIGNIFICANT if reasons else PolicyKind.MINOR,
            reasons=frozenset(reasons),
            affects=affects,
            reduces_rights=reduces_rights,
            published_at=self.now,
            effective_at=self.now + after,
        )
        done = await self.try_to_publish(policy)
        assert isinstance(done, Published), done
        self.published.append(policy)
        return policy

    async def try_to_publish(self, policy: Policy) -> Published | BadPolicy:
        texts = [text_in(one, f"# Version {policy.version}, {one.value}\n") for one in Language]
        return await self.home.run(lambda tx: policies.publish(tx, policy, texts))

    async def acknowledge(self, account_id: AccountId, version: int = 1) -> Acknowledged:
        hashes = await self.home.read(lambda tx: tx.policies.hashes(version))
        done = await self.home.run(
            lambda tx: policies.acknowledge(tx, self.home, account_id, version, hashes[Language.ENGLISH], self.now)
        )
        assert isinstance(done, Acknowledged), done
        return done

    async def somebody(self, *, adult: bool = True) -> AccountId:
        """Somebody who has really acknowledged the policy, receipt and all."""
        account_id = await self.home.account(adult=adult, said_yes=False)
        await self.acknowledge(account_id)
        return account_id

    async def shown(
        self,
        account_id: AccountId,
        purpose: Purpose,
        *,
        to: AccountId | None = None,
        unasked: bool = False,
        language: Language = Language.ENGLISH,
    ) -> NoticeShown | GivingRefusal | Silence:
        speaker = Speaker(account_id, to or account_id)
        return await self.home.run(
            lambda tx: consent_giving.show_notice(tx, self.home, speaker, purpose, language, self.now, unasked=unasked)
        )

    async def notice(self, account_id: AccountId, purpose: Purpose, *, to: AccountId | None = None) -> str:
        shown = await self.shown(account_id, purpose, to=to)
        assert isinstance(shown, NoticeShown), shown
        return shown.notice.notice_id

    async def say_yes(
        self,
        account_id: AccountId,
        purpose: Purpose,
        notice_id: str | None = None,
        *,
        by: AccountId | None = None,
        text_hash: bytes | None = None,
    ) -> Given | GivingRefusal:
        speaker = Speaker(account_id, by or account_id)
        chosen = text_hash or purpose_in(purpose, Language.ENGLISH).hash
        return await self.home.run(
            lambda tx: consent_giving.give(tx, self.home, speaker, purpose, chosen, self.now, notice_id=notice_id)
        )

    async def give(self, account_id: AccountId, purpose: Purpose, *, by: AccountId | None = None) -> Given:
        """The whole way: shown, then yes."""
        notice_id = await self.notice(account_id, purpose, to=by)
        given = await self.say_yes(account_id, purpose, notice_id, by=by)
        assert isinstance(given, Given), given
        return given

    async def withdraw(self, account_id: AccountId, purpose: Purpose) -> Withdrawn | WasOff:
        return await self.home.run(lambda tx: withdrawal.withdraw(tx, self.home, account_id, purpose, self.now))

    async def refuse(self, account_id: AccountId, purpose: Purpose) -> consent_giving.Refused | GivingRefusal:
        speaker = Speaker(account_id, account_id)
        return await self.home.run(lambda tx: consent_giving.refuse(tx, self.home, speaker, purpose, self.now))

    async def granted(self, account_id: AccountId, purpose: Purpose) -> GrantedPurpose | None:
        return await self.home.read(lambda tx: consents.granted(tx, account_id, purpose, self.now))

    async def state(self, account_id: AccountId, purpose: Purpose) -> consents.PurposeState:
        return await self.home.read(lambda tx: consents.state(tx, account_id, purpose, self.now))
