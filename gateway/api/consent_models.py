"""What the routes of policies, purposes and consents take and give."""

from typing import Annotated, Any, Literal

from pydantic import Field

from gateway.api.answer import Answer
from gateway.api.models import Moment, ParameterModel, RequestModel, ResponseModel, identifier
from gateway.domain.consent import ConsentState, Purpose
from gateway.domain.policies import ChangeReason, Language, PolicyKind
from gateway.usecases.consent_ledger import Receipt
from gateway.usecases.consents import PurposeState
from gateway.usecases.purposes import ShownPurpose

Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of the text that was shown, hexadecimal")]
NoticeIdText = Annotated[str, identifier("n")]
WardIdText = Annotated[str, identifier("w")]
LanguageText = Annotated[Language, Field(description="en or zh")]


class InLanguage(ParameterModel):
    """In which language."""

    lang: LanguageText = Language.ENGLISH


class PurposePath(ParameterModel):
    """Which purpose."""

    purpose: Purpose


class PurposeShown(ResponseModel):
    """What a person is shown before they say yes or no. The hash is over `shown`, all of it."""

    purpose: Purpose
    lang: LanguageText
    version: int
    hash: Hash
    shown: str = Field(description="The whole text. Show it as it is: the hash answers for it")
    title: str
    allows: str
    data: str = Field(description="What the gateway then learns")
    kept: str
    recipients: str
    instead: str = Field(description="How the same is had without saying yes")
    withdraw: str
    sensitive: bool = Field(description="A yes needs the notice that was just shown")


class NoticeWanted(RequestModel):
    """Show the text now."""

    lang: Language = Field(default=Language.ENGLISH, strict=False, description="en or zh")
    unasked: bool = Field(
        default=False,
        description="The app shows it of its own accord, not because the person looked for it. Refused while a no of "
        "less than six months stands",
    )


class ConsentNoticeShown(ResponseModel):
    """The text, and the notice that a yes to it names: once, within ten minutes. A new one takes its place."""

    notice_id: NoticeIdText
    expires_at: Moment
    text: PurposeShown


class SayYes(RequestModel):
    """A yes to the text with this hash."""

    hash: Hash
    notice_id: NoticeIdText | None = Field(default=None, description="Of the notice that was just shown")


class ReceiptShown(ResponseModel):
    """One event in the ledger, and its signed receipt."""

    number: int
    at: Moment
    receipt: dict[str, Any] = Field(
        repr=False, description="To be kept as it is. `hearthgate consent verify` checks it without the gateway"
    )


class ConsentShown(ResponseModel):
    """Where one purpose stands."""

    purpose: Purpose
    state: ConsentState
    at: Moment | None = Field(description="Since when; null where nothing was said")
    text_version: int | None
    policy_version: int | None = Field(description="The version of the policy that it is bound to")
    by_guardian: bool
    may_ask: bool = Field(description="Whether the app may ask of its own accord")
    may_ask_at: Moment | None = Field(description="From when on, where it may not: six months after a no")
    renewal_due: bool = Field(description="A location consent of a year or more: ask whether it is to stay. It goes on")
    event: int | None = Field(description="Number of its event in the ledger")


class ConsentSaid(ResponseModel):
    """Where the purpose stands now, and the receipt of what made it so."""

    consent: ConsentShown
    receipt: ReceiptShown | None = Field(description="Null where nothing changed")


class ConsentsShown(ResponseModel):
    """Every purpose."""

    items: list[ConsentShown]


class HistoryPage(ResponseModel):
    """A piece of the ledger, newest first."""

    items: list[ReceiptShown]
    next: str | None = Field(description="`cursor` of the next piece; null at the end")


class ReceiptKeyShown(ResponseModel):
    """With which key receipts are signed."""

    algorithm: Literal["Ed25519"]
    key: str = Field(description="The raw public key, 32 bytes in base64")


class PolicyShown(ResponseModel):
    """One version of the policy, without its text."""

    version: int
    kind: PolicyKind
    reasons: list[ChangeReason] = Field(description="Why it is significant")
    affects: list[Purpose] = Field(description="Consents to these, older than the version, stop on the day it counts")
    reduces_rights: bool = Field(description="It applies to nobody who did not say yes to it")
    published_at: Moment
    effective_at: Moment


class PolicyTextShown(PolicyShown):
    """One version in one language. The hash is over `text`, all of it."""

    lang: LanguageText
    hash: Hash
    text: str = Field(description="Markdown. Show it as it is: the hash answers for it")
    current: bool = Field(description="The one that counts for newcomers now")


class PoliciesShown(ResponseModel):
    """Every version, newest first."""

    items: list[PolicyShown]


class PolicyStandingShown(ResponseModel):
    """Where this account stands with the policy."""

    acknowledged: int | None = Field(description="The version that was said yes to; null: none, or it is asked anew")
    applying: int | None = Field(description="The version that applies to this account")
    current: int | None = Field(description="The version that newcomers are shown")


class Acknowledge(RequestModel):
    """A yes to the text with this hash."""

    hash: Hash


class PolicyPath(ParameterModel):
    """Which version."""

    version: int = Field(ge=1, le=2**31 - 1)


def shown_purpose(found: ShownPurpose) -> PurposeShown:
    """A purpose as it is shown."""
    text = found.text
    return PurposeShown(
        purpose=found.purpose,
        lang=found.language,
        version=found.version,
        hash=found.hash.hex(),
        shown=found.shown,
        title=text.title,
        allows=text.allows,
        data=text.data,
        kept=text.kept,
        recipients=text.recipients,
        instead=text.instead,
        withdraw=text.withdraw,
        sensitive=found.purpose.is_sensitive,
    )


def shown_consent(found: PurposeState) -> ConsentShown:
    """Where a purpose stands."""
    consent = found.consent
    return ConsentShown(
        purpose=found.purpose,
        state=found.state,
        at=None if consent is None else consent.at,
        text_version=None if consent is None else consent.text_version,
        policy_version=None if consent is None else consent.policy_version,
        by_guardian=consent is not None and consent.by_guardian,
        may_ask=found.may_ask,
        may_ask_at=found.may_ask_at,
        renewal_due=found.renewal_due,
        event=None if consent is None else consent.event_number or None,
    )


def shown_receipt(receipt: Receipt) -> ReceiptShown:
    """A receipt."""
    return ReceiptShown(number=receipt.number, at=receipt.at, receipt=receipt.content)


def said(state: PurposeState, receipt: Receipt | None) -> Answer:
    """The answer to a yes or a no."""
    body = ConsentSaid(consent=shown_consent(state), receipt=None if receipt is None else shown_receipt(receipt))
    return Answer(200, body)
