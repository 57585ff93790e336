"""The receipt of an erasure, for somebody who has no account any more."""

import json
from typing import Any, Final

from pydantic import Field

from gateway.api.answer import Answer
from gateway.api.call import Call
from gateway.api.codes import ApiCode
from gateway.api.models import RequestModel, ResponseModel
from gateway.api.problem import Problem
from gateway.api.routes import Reply, Route
from gateway.usecases import erasure as usecase
from gateway.usecases.erasure import NotReady
from gateway.usecases.transaction import Transaction


class FetchReceipt(RequestModel):
    """The token that the closing answered with."""

    receipt_token: str = Field(min_length=43, max_length=43, pattern=r"^[A-Za-z0-9_-]+$", repr=False)


class ErasureReceipt(ResponseModel):
    """What was done in each store, and the signature: check it with `hearthgate erasure verify`."""

    receipt: dict[str, Any]
    key: str = Field(description="Public Ed25519 key, base64")
    signature: str = Field(description="Over the canonical form (RFC 8785) of `receipt`, base64")


async def fetch_receipt(call: Call) -> Reply:
    """The signed receipt, once."""
    token = call.get(FetchReceipt).receipt_token

    def work(tx: Transaction) -> Answer | Problem:
        match usecase.fetch(tx, call.deps.tokens, token, call.now):
            case None:
                return Problem(ApiCode.NOT_FOUND)
            case NotReady(retry_after_s=seconds):
                return Problem(ApiCode.ERASURE_UNDER_WAY, retry_after_s=seconds)
            case receipt:
                return Answer(200, ErasureReceipt.model_validate(json.loads(receipt)))

    return await call.commit(work)


ROUTES: Final = (
    Route(
        method="POST",
        path="/v1/erasures/receipt",
        handler=fetch_receipt,
        summary="Fetch the receipt of an erasure",
        tag="rights",
        request=FetchReceipt,
        answers={200: ErasureReceipt},
        problems=(ApiCode.NOT_FOUND, ApiCode.ERASURE_UNDER_WAY),
        auth=False,
        description="With the token that closing the account answered with. Works once; an answer that was lost can "
        "be asked for again for ten minutes.",
    ),
)
