"""Routes of sendings: name an address, have data sent to it, see everything that was ever sent."""

from typing import Annotated, Any, Final, Literal, assert_never

from pydantic import Field

from gateway.api import places
from gateway.api.answer import Answer
from gateway.api.call import Call
from gateway.api.codes import ApiCode
from gateway.api.models import DeviceIdText, Moment, Page, ParameterModel, RequestModel, ResponseModel, identifier
from gateway.api.problem import FieldError, Problem
from gateway.api.routes import Cost, Reply, Route
from gateway.domain.disclosures import Disclosure, DisclosureId, NotDisclosable
from gateway.domain.disclosures import Field as Kind
from gateway.domain.identity import DeviceId
from gateway.domain.recipients import RECIPIENTS_AT_MOST, URL_AT_MOST, BadAddress, RecipientId
from gateway.usecases import disclosures as usecase
from gateway.usecases import recipients
from gateway.usecases.disclosures import SHARE, NoSuchRecipient, NotGranted, NotTheirs, TooMuch, WrongPurpose
from gateway.usecases.recipients import Named, Recipient, TooManyRecipients
from gateway.usecases.transaction import Transaction

RecipientIdText = Annotated[str, identifier("k")]
DisclosureIdText = Annotated[str, identifier("o")]
KindText = Literal["device_id", "type_id", "firmware", "properties", "as_of"]


class NameRecipient(RequestModel):
    """Where data is to be sent. Nothing is sent to it by naming it."""

    url: str = Field(
        repr=False,
        min_length=1,
        max_length=2 * URL_AT_MOST,
        description="https, a host name of the open Internet, no fragment",
        examples=["https://example.org/hook"],
    )


class RecipientPath(ParameterModel):
    """Which recipient."""

    recipient_id: RecipientIdText


class RecipientShown(ResponseModel):
    """An address that this account named."""

    recipient_id: RecipientIdText
    url: str = Field(repr=False)
    created_at: Moment


class RecipientNamed(RecipientShown):
    """With the secret that signs whatever is sent to it. It is told once."""

    secret: str = Field(repr=False, description="64 hexadecimal digits: the key of the signatures (HMAC-SHA256)")


class Recipients(ResponseModel):
    """The addresses, oldest first."""

    items: list[RecipientShown]


class SendData(RequestModel):
    """What is to be sent now."""

    device_id: DeviceIdText
    fields: list[KindText] = Field(min_length=1, max_length=len(Kind), description="Which kinds of data")


class DisclosureShown(ResponseModel):
    """One sending."""

    disclosure_id: DisclosureIdText
    recipient_id: RecipientIdText
    device_id: DeviceIdText | None
    purpose: str = Field(description="The consent that it rests on")
    fields: list[KindText]
    at: Moment
    status: Literal["waiting", "delivered", "failed", "dropped"]
    why: str | None = Field(description="Why it did not arrive, or not yet")
    tries: int
    ended_at: Moment | None


class DisclosureListed(DisclosureShown):
    """With the host that it went to, also where the recipient was taken away since."""

    host: str = Field(repr=False)


class DisclosuresPage(ResponseModel):
    """A piece of the list, newest first."""

    items: list[DisclosureListed]
    next: str | None = Field(description="`cursor` of the next piece; null at the end")


async def name_recipient(call: Call) -> Reply:
    """Name an address."""
    body, deps = call.get(NameRecipient), call.deps

    def work(tx: Transaction) -> Answer | Problem:
        outcome = recipients.name_recipient(
            tx,
            call.account_id,
            body.url,
            ports=deps.webhook_ports,
            persons=deps.persons,
            tokens=deps.tokens,
            identifiers=deps.identifiers,
            now=call.now,
        )
        match outcome:
            case Named(recipient=recipient, secret=secret):
                shown = RecipientNamed(**_recipient(recipient), secret=secret)
                return Answer(201, shown, location=f"/v1/me/recipients/{recipient.recipient_id}")
            case BadAddress(reason=reason):
                return Problem(ApiCode.VALIDATION, errors=[FieldError("body", "url", reason)])
            case TooManyRecipients():
                return Problem(ApiCode.RECIPIENT_LIMIT)

    return await call.commit(work)


async def list_recipients(call: Call) -> Reply:
    """The addresses that this account named."""
    found = await call.read(lambda tx: recipients.recipients_of(tx, call.account_id, call.deps.persons))
    return Answer(200, Recipients(items=[RecipientShown(**_recipient(one)) for one in found]))


async def remove_recipient(call: Call) -> Reply:
    """Take an address away."""
    recipient_id = RecipientId(call.get(RecipientPath).recipient_id)

    def work(tx: Transaction) -> Answer | Problem:
        removed = recipients.remove_recipient(tx, call.account_id, recipient_id, call.now)
        return Answer(204) if removed else Problem(ApiCode.NOT_FOUND)

    return await call.commit(work)


async def send_data(call: Call) -> Reply:
    """Have what is known of an appliance sent."""
    recipient_id = RecipientId(call.get(RecipientPath).recipient_id)
    body, deps = call.get(SendData), call.deps

    def work(tx: Transaction) -> Answer | Problem:
        outcome = usecase.send_device(
            tx,
            call.account_id,
            recipient_id,
            DeviceId(body.device_id),
            frozenset(Kind(name) for name in body.fields),
            persons=deps.persons,
            names=deps.names_of(call.account_id),
            identifiers=deps.identifiers,
            now=call.now,
        )
        if isinstance(outcome, Disclosure):
            return Answer(202, shown_disclosure(outcome), location="/v1/me/disclosures")
        return _refused(outcome)

    return await call.commit(work)


async def list_disclosures(call: Call) -> Reply:
    """Everything about this account that left the gateway."""
    page = call.get(Page)
    place = places.read(page.cursor)
    before = None if place is None else (place[0], DisclosureId(place[1]))
    found, following = await call.read(
        lambda tx: usecase.page(tx, call.account_id, before, page.limit, call.deps.persons)
    )
    items = [DisclosureListed(**_parts(one.disclosure), host=one.host) for one in found]
    return Answer(200, DisclosuresPage(items=items, next=places.written(following)))


def shown_disclosure(disclosure: Disclosure) -> DisclosureShown:
    """A sending without its host."""
    return DisclosureShown(**_parts(disclosure))


def _parts(disclosure: Disclosure) -> dict[str, Any]:
    return {
        "disclosure_id": disclosure.disclosure_id,
        "recipient_id": disclosure.recipient_id,
        "device_id": disclosure.device_id,
        "purpose": disclosure.purpose,
        "fields": [one.value for one in disclosure.fields],
        "at": disclosure.at,
        "status": disclosure.status.value,
        "why": None if disclosure.why is None else disclosure.why.value,
        "tries": disclosure.tries,
        "ended_at": disclosure.ended_at,
    }


def _recipient(recipient: Recipient) -> dict[str, Any]:
    return {"recipient_id": recipient.recipient_id, "url": recipient.url, "created_at": recipient.created_at}


def _refused(
    why: NoSuchRecipient | NotTheirs | NotGranted | TooMuch | NotDisclosable | WrongPurpose,
) -> Problem:
    match why:
        case NoSuchRecipient():
            return Problem(ApiCode.NOT_FOUND)
        case NotTheirs():
            return Problem(ApiCode.VALIDATION, errors=[FieldError("body", "device_id", "is no device of yours")])
        case NotDisclosable(names=names):
            errors = [FieldError("body", f"fields.{name}", "never leaves the gateway") for name in names]
            return Problem(ApiCode.VALIDATION, errors=errors)
        case TooMuch():
            return Problem(ApiCode.DISCLOSURE_LIMIT)
        case NotGranted() | WrongPurpose():
            detail = "Show the notice of this purpose, and grant it with the notice's id."
            return Problem(ApiCode.CONSENT_REQUIRED, detail, extra={"how": _HOW})
        case _:
            assert_never(why)


_HOW: Final = {
    "purposes": [SHARE.value],
    "notice": "POST /v1/consents/{purpose}/notice",
    "grant": "PUT /v1/consents/{purpose}",
}

ROUTES: Final = (
    Route(
        method="POST",
        path="/v1/me/recipients",
        handler=name_recipient,
        summary="Name an address for one's data",
        tag="rights",
        request=NameRecipient,
        answers={201: RecipientNamed},
        problems=(ApiCode.RECIPIENT_LIMIT,),
        description=f"At most {RECIPIENTS_AT_MOST}. What is sent carries `Hearthgate-Signature: t=<seconds>,v1=<hex>`, "
        "HMAC-SHA256 under the secret over `<t>.<body>`.",
    ),
    Route(
        method="GET",
        path="/v1/me/recipients",
        handler=list_recipients,
        summary="Addresses that were named",
        tag="rights",
        answers={200: Recipients},
    ),
    Route(
        method="DELETE",
        path="/v1/me/recipients/{recipient_id}",
        handler=remove_recipient,
        summary="Take an address away",
        tag="rights",
        parameters=RecipientPath,
        answers={204: None},
        description="What waits for it is not sent any more.",
    ),
    Route(
        method="POST",
        path="/v1/me/recipients/{recipient_id}/disclosures",
        handler=send_data,
        summary="Have data sent to an address",
        tag="rights",
        parameters=RecipientPath,
        request=SendData,
        answers={202: DisclosureShown},
        cost=Cost.WORK,
        problems=(ApiCode.CONSENT_REQUIRED, ApiCode.DISCLOSURE_LIMIT),
        description=f"Needs the consent `{SHARE.value}`, which is asked for again before each try. What is known of an "
        "appliance, of kinds that may leave; who is at home never can.",
    ),
    Route(
        method="GET",
        path="/v1/me/disclosures",
        handler=list_disclosures,
        summary="What was sent, and to whom",
        tag="rights",
        query=Page,
        answers={200: DisclosuresPage},
    ),
)
