"""Routes of consents: see them, be shown a purpose, say yes, say no, take back, and keep the receipts."""

from typing import Final

from pydantic import Field

from gateway.api.answer import Answer
from gateway.api.call import Call
from gateway.api.codes import ApiCode
from gateway.api.consent_models import (
    ConsentNoticeShown,
    ConsentSaid,
    ConsentsShown,
    HistoryPage,
    NoticeWanted,
    PurposePath,
    ReceiptKeyShown,
    ReceiptShown,
    SayYes,
    said,
    shown_consent,
    shown_purpose,
    shown_receipt,
)
from gateway.api.consent_problems import refusal
from gateway.api.models import Page, ParameterModel
from gateway.api.notices import number_of
from gateway.api.problem import Problem
from gateway.api.routes import Reply, Route
from gateway.domain.consent import Purpose
from gateway.usecases import consent_giving, consent_ledger, consents, withdrawal
from gateway.usecases.consent_giving import Given, NoticeShown, Refused, Speaker
from gateway.usecases.transaction import Transaction
from gateway.usecases.withdrawal import WasOff, Withdrawn

GIVING: Final = (
    ApiCode.POLICY_NOT_ACKNOWLEDGED,
    ApiCode.GUARDIAN_NEEDED,
    ApiCode.CONSENT_BY_ACKNOWLEDGEMENT,
    ApiCode.CONSENT_NOTICE_NEEDED,
    ApiCode.CONSENT_NOTICE_UNKNOWN,
    ApiCode.CONSENT_NOTICE_EXPIRED,
    ApiCode.CONSENT_NOTICE_USED,
    ApiCode.CONSENT_TEXT_CHANGED,
    ApiCode.CONSENT_LIMIT,
)
"""What a yes may be answered with."""
SHOWING: Final = (
    ApiCode.POLICY_NOT_ACKNOWLEDGED,
    ApiCode.GUARDIAN_NEEDED,
    ApiCode.CONSENT_BY_ACKNOWLEDGEMENT,
    ApiCode.CONSENT_SILENCE,
)


class ReceiptPath(ParameterModel):
    """Which event."""

    number: int = Field(ge=1, le=2**31 - 1)


async def list_consents(call: Call) -> Reply:
    """Where every purpose stands."""
    found = await call.read(lambda tx: consents.states(tx, call.account_id, call.now))
    return Answer(200, ConsentsShown(items=[shown_consent(one) for one in found]))


async def show_consent_notice(call: Call) -> Reply:
    """Show the text of a purpose."""
    return await call.commit(lambda tx: showing(tx, call, _self(call), call.get(PurposePath).purpose))


async def grant_consent(call: Call) -> Reply:
    """Say yes."""
    return await call.commit(lambda tx: giving(tx, call, _self(call), call.get(PurposePath).purpose))


async def refuse_consent(call: Call) -> Reply:
    """Say no."""

    def work(tx: Transaction) -> Answer | Problem:
        purpose = call.get(PurposePath).purpose
        match consent_giving.refuse(tx, call.deps, _self(call), purpose, call.now):
            case Refused(receipt=receipt):
                return said(consents.state(tx, call.account_id, purpose, call.now), receipt)
            case refused:
                return refusal(refused)

    return await call.commit(work)


async def withdraw_consent(call: Call) -> Reply:
    """Take back."""
    return await call.commit(lambda tx: taking_back(tx, call, _self(call), call.get(PurposePath).purpose))


async def list_consent_history(call: Call) -> Reply:
    """Everything that was said, with receipts."""
    page = call.get(Page)
    before = None if page.cursor is None else number_of(page.cursor)
    found, following = await call.read(
        lambda tx: consent_ledger.history(tx, call.deps, call.account_id, before, min(page.limit, AT_MOST))
    )
    items = [shown_receipt(one) for one in found]
    return Answer(200, HistoryPage(items=items, next=None if following is None else str(following)))


async def show_receipt(call: Call) -> Reply:
    """One receipt."""
    number = call.get(ReceiptPath).number
    found = await call.read(lambda tx: consent_ledger.read(tx, call.deps, call.account_id, number))
    return Problem(ApiCode.NOT_FOUND) if found is None else Answer(200, shown_receipt(found))


async def show_receipt_key(call: Call) -> Reply:
    """With which key receipts are signed."""
    return Answer(200, ReceiptKeyShown(algorithm="Ed25519", key=call.deps.receipts.public_key))


AT_MOST: Final = 50
"""Receipts in one piece: each has some three thousand bytes."""


def _self(call: Call) -> Speaker:
    return Speaker(call.account_id, call.account_id)


def showing(tx: Transaction, call: Call, speaker: Speaker, purpose: Purpose) -> Answer | Problem:
    """Show a notice to whoever speaks."""
    wanted = call.get(NoticeWanted)
    shown = consent_giving.show_notice(tx, call.deps, speaker, purpose, wanted.lang, call.now, unasked=wanted.unasked)
    match shown:
        case NoticeShown(notice=notice, shown=text):
            body = ConsentNoticeShown(
                notice_id=notice.notice_id, expires_at=notice.expires_at, text=shown_purpose(text)
            )
            return Answer(201, body)
        case refused:
            return refusal(refused)


def giving(tx: Transaction, call: Call, speaker: Speaker, purpose: Purpose) -> Answer | Problem:
    """Take the yes of whoever speaks."""
    yes = call.get(SayYes)
    given = consent_giving.give(
        tx, call.deps, speaker, purpose, bytes.fromhex(yes.hash), call.now, notice_id=yes.notice_id
    )
    match given:
        case Given(receipt=receipt):
            return said(consents.state(tx, speaker.account_id, purpose, call.now), receipt)
        case refused:
            return refusal(refused)


def taking_back(tx: Transaction, call: Call, speaker: Speaker, purpose: Purpose) -> Answer:
    """Take back for whoever speaks."""
    taken = withdrawal.withdraw(tx, call.deps, speaker.account_id, purpose, call.now, by_guardian=speaker.is_guardian)
    match taken:
        case Withdrawn(receipt=receipt):
            return said(consents.state(tx, speaker.account_id, purpose, call.now), receipt)
        case WasOff():
            return said(consents.state(tx, speaker.account_id, purpose, call.now), None)


ROUTES: Final = (
    Route(
        method="GET",
        path="/v1/consents",
        handler=list_consents,
        summary="Where every purpose stands",
        tag="consents",
        answers={200: ConsentsShown},
    ),
    Route(
        method="GET",
        path="/v1/consents/history",
        handler=list_consent_history,
        summary="Everything that was said",
        tag="consents",
        query=Page,
        answers={200: HistoryPage},
        description="With the signed receipt of each, newest first. At most 50 in a piece.",
    ),
    Route(
        method="GET",
        path="/v1/consents/history/{number}",
        handler=show_receipt,
        summary="One receipt",
        tag="consents",
        parameters=ReceiptPath,
        answers={200: ReceiptShown},
    ),
    Route(
        method="GET",
        path="/v1/consents/key",
        handler=show_receipt_key,
        summary="The public key of receipts",
        tag="consents",
        answers={200: ReceiptKeyShown},
        auth=False,
        description="Keep it elsewhere: a receipt is checked with the key that one has, not the one that it names.",
    ),
    Route(
        method="POST",
        path="/v1/consents/{purpose}/notice",
        handler=show_consent_notice,
        summary="Show what a yes would mean",
        tag="consents",
        parameters=PurposePath,
        request=NoticeWanted,
        answers={201: ConsentNoticeShown},
        problems=SHOWING,
    ),
    Route(
        method="PUT",
        path="/v1/consents/{purpose}",
        handler=grant_consent,
        summary="Say yes",
        tag="consents",
        parameters=PurposePath,
        request=SayYes,
        answers={200: ConsentSaid},
        problems=GIVING,
        description="Location and sharing need the notice that was just shown (428 without it). The same again gets "
        "the same receipt.",
    ),
    Route(
        method="POST",
        path="/v1/consents/{purpose}/refusal",
        handler=refuse_consent,
        summary="Say no",
        tag="consents",
        parameters=PurposePath,
        answers={200: ConsentSaid},
        problems=(ApiCode.CONSENT_BY_ACKNOWLEDGEMENT, ApiCode.CONSENT_LIMIT),
        description="The app does not ask again for six months. To what was granted it is a withdrawal.",
    ),
    Route(
        method="DELETE",
        path="/v1/consents/{purpose}",
        handler=withdraw_consent,
        summary="Take back",
        tag="consents",
        parameters=PurposePath,
        answers={200: ConsentSaid},
        description="Counts before the answer is sent: rules stop, what was stored for the purpose is gone, what was "
        "in flight is dropped. Nothing else stops. What was off stays off, and that is no error.",
    ),
)
