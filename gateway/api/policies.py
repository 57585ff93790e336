"""Routes of the policy and of the purposes: read them, and acknowledge a version."""

from typing import Final

from gateway.api.answer import Answer
from gateway.api.call import Call
from gateway.api.codes import ApiCode
from gateway.api.consent_models import (
    Acknowledge,
    InLanguage,
    PoliciesShown,
    PolicyPath,
    PolicyShown,
    PolicyStandingShown,
    PolicyTextShown,
    PurposeShown,
    ReceiptShown,
    shown_purpose,
    shown_receipt,
)
from gateway.api.models import ResponseModel
from gateway.api.problem import Problem
from gateway.api.routes import Reply, Route
from gateway.domain.consent import Purpose
from gateway.domain.policies import Policy
from gateway.usecases import policies as usecase
from gateway.usecases.policies import Acknowledged, NoSuchPolicy, ShownPolicy, Superseded, TooMany, WrongHash
from gateway.usecases.purposes import purpose_in
from gateway.usecases.transaction import Transaction


class PurposesShown(ResponseModel):
    """Every purpose, each off until it was granted, and granted alone."""

    items: list[PurposeShown]


async def list_policies(call: Call) -> Reply:
    """Every version of the policy."""
    found = await call.read(lambda tx: tx.policies.all())
    return Answer(200, PoliciesShown(items=[PolicyShown.model_validate(_about(one)) for one in reversed(found)]))


async def show_current_policy(call: Call) -> Reply:
    """The version that counts now."""
    return await _show(call, None)


async def show_policy(call: Call) -> Reply:
    """One version."""
    return await _show(call, call.get(PolicyPath).version)


async def _show(call: Call, version: int | None) -> Reply:
    language = call.get(InLanguage).lang
    found = await call.read(lambda tx: usecase.show(tx, version, language, call.now))
    return Problem(ApiCode.NOT_FOUND) if found is None else Answer(200, _text(found))


async def show_policy_standing(call: Call) -> Reply:
    """Which version applies to this account."""
    where = await call.read(lambda tx: usecase.standing(tx, call.account_id, call.now))
    body = PolicyStandingShown(
        acknowledged=where.acknowledged,
        applying=None if where.applying is None else where.applying.version,
        current=None if where.current is None else where.current.version,
    )
    return Answer(200, body)


async def acknowledge_policy(call: Call) -> Reply:
    """Say that a version was read."""
    version, text_hash = call.get(PolicyPath).version, bytes.fromhex(call.get(Acknowledge).hash)

    def work(tx: Transaction) -> Answer | Problem:
        match usecase.acknowledge(tx, call.deps, call.account_id, version, text_hash, call.now):
            case Acknowledged(receipt=receipt):
                return Answer(201, shown_receipt(receipt))
            case NoSuchPolicy():
                return Problem(ApiCode.NOT_FOUND)
            case WrongHash():
                return Problem(ApiCode.POLICY_WRONG_HASH)
            case Superseded(current=current):
                return Problem(ApiCode.POLICY_SUPERSEDED, extra={"version": current})
            case TooMany():
                return Problem(ApiCode.CONSENT_LIMIT)

    return await call.commit(work)


async def list_purposes(call: Call) -> Reply:
    """Every purpose, with its text."""
    language = call.get(InLanguage).lang
    return Answer(200, PurposesShown(items=[shown_purpose(purpose_in(one, language)) for one in Purpose]))


def _about(policy: Policy) -> dict[str, object]:
    return {
        "version": policy.version,
        "kind": policy.kind,
        "reasons": sorted(policy.reasons),
        "affects": sorted(policy.affects),
        "reduces_rights": policy.reduces_rights,
        "published_at": policy.published_at,
        "effective_at": policy.effective_at,
    }


def _text(found: ShownPolicy) -> PolicyTextShown:
    text = found.text
    more = {"lang": text.language, "hash": text.hash.hex(), "text": text.text, "current": found.current}
    return PolicyTextShown.model_validate({**_about(found.policy), **more})


ROUTES: Final = (
    Route(
        method="GET",
        path="/v1/policies",
        handler=list_policies,
        summary="Versions of the policy",
        tag="policies",
        answers={200: PoliciesShown},
        auth=False,
    ),
    Route(
        method="GET",
        path="/v1/policies/current",
        handler=show_current_policy,
        summary="The policy",
        tag="policies",
        query=InLanguage,
        answers={200: PolicyTextShown},
        problems=(ApiCode.NOT_FOUND,),
        auth=False,
        description="To be shown before the first pairing, as it is.",
    ),
    Route(
        method="GET",
        path="/v1/policies/{version}",
        handler=show_policy,
        summary="One version of the policy",
        tag="policies",
        parameters=PolicyPath,
        query=InLanguage,
        answers={200: PolicyTextShown},
        auth=False,
    ),
    Route(
        method="POST",
        path="/v1/policies/{version}/acknowledgement",
        handler=acknowledge_policy,
        summary="Acknowledge a version",
        tag="policies",
        parameters=PolicyPath,
        request=Acknowledge,
        answers={201: ReceiptShown},
        problems=(ApiCode.POLICY_WRONG_HASH, ApiCode.POLICY_SUPERSEDED, ApiCode.CONSENT_LIMIT),
        description="An explicit act of the person, with the hash of the text that they were shown: nothing else "
        "counts as one. No pairing opens without it. The same again gets the same receipt.",
    ),
    Route(
        method="GET",
        path="/v1/me/policy",
        handler=show_policy_standing,
        summary="Which version applies to this account",
        tag="policies",
        answers={200: PolicyStandingShown},
        description="A version that takes rights away applies only to who said yes to it; others stay on theirs.",
    ),
    Route(
        method="GET",
        path="/v1/purposes",
        handler=list_purposes,
        summary="What can be consented to",
        tag="policies",
        query=InLanguage,
        answers={200: PurposesShown},
        auth=False,
        description="With text, version, hash, what is learned, how long it is kept, who gets it, how to do without.",
    ),
)
