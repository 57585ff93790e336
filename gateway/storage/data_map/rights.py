"""The data map of what people ask for about themselves, and of what left the gateway because they wanted it."""

from dataclasses import replace
from typing import Final

from gateway.storage.data_map.entries import Entry, Path, Sensitivity, TableEntry, identifier, personal, plain, secret
from gateway.storage.data_map.entries import Reader as By
from gateway.usecases.repositories.retention import RetentionClass


def _pseudonym(purpose: str) -> Entry:
    """A random name of somebody of the staff. Customers learn what was decided, never by whom."""
    return Entry(purpose, Sensitivity.IDENTIFIER, (By.GATEWAY, By.OFFICER))


def _of_the_case(purpose: str) -> Entry:
    """About an incident that may concern many; nobody but the officers needs it."""
    return Entry(purpose, Sensitivity.PERSONAL, (By.GATEWAY, By.OFFICER))


RIGHTS: Final = {
    "exports": TableEntry(
        purpose="a copy of everything about a person, on its way to them",
        told="When you asked for a copy of your data, and whether you fetched it.",
        retention=(RetentionClass.EXPORT,),
        subject="account_id",
        columns={
            "export_id": identifier("name of the copy", By.PERSON),
            "account_id": identifier("whose data"),
            "status": personal("how far it is"),
            "asked_at": personal("when it was asked for"),
            "ready_at": personal("when it was ready"),
            "expires_at": plain("its end", By.PERSON),
            "token_digest": secret("keyed digest of the token that fetches it once"),
            "place": plain("how far the tables were read"),
            "pieces": plain("how many pieces there are"),
            "size": plain("bytes", By.PERSON),
            "fetching_until": plain("somebody with the token is fetching it"),
            "fetched_at": personal("when it was fetched"),
            "version": plain("guards against writing over a change"),
        },
    ),
    "export_pieces": TableEntry(
        purpose="the copy itself, piece by piece, until it is fetched",
        told="The copy itself, encrypted, until you have fetched it.",
        retention=(RetentionClass.EXPORT,),
        path=Path("export_id", "exports"),
        columns={
            "export_id": identifier("the copy"),
            "number": plain("place of the piece"),
            "sealed": Entry("rows that are elsewhere as well, encrypted", Sensitivity.PERSONAL, (By.GATEWAY,)),
        },
    ),
    "requests": TableEntry(
        purpose="what a person asks or complains about, answered within 30 days",
        told="What you asked us about your data, and what we answered.",
        retention=(RetentionClass.REQUEST,),
        subject="account_id",
        columns={
            "request_id": identifier("name of the request", By.PERSON, By.OFFICER),
            "account_id": identifier("who asks", By.OFFICER),
            "kind": personal("access, correction, deletion, objection, complaint or question", By.OFFICER),
            "ground": personal("on which of the policy's grounds something is to be deleted", By.OFFICER),
            "about": identifier("the request that a complaint is about", By.PERSON, By.OFFICER),
            "text_sealed": replace(
                personal("the person's words, encrypted", By.OFFICER),
                sealed_at="requests.text:{account_id}:{request_id}",
            ),
            "asked_at": personal("when", By.OFFICER),
            "due_at": plain("when it has to be answered", By.PERSON, By.OFFICER),
            "status": personal("what became of it", By.OFFICER),
            "taken_by": _pseudonym("who of the staff handles it"),
            "taken_at": personal("since when somebody handles it", By.OFFICER),
            "refusal": personal("on which of the six grounds it was refused", By.OFFICER),
            "answer_sealed": replace(
                personal("the answer's words, encrypted", By.OFFICER),
                sealed_at="requests.answer:{account_id}:{request_id}",
            ),
            "ended_at": personal("when it was answered, refused or taken back", By.OFFICER),
            "alarms": plain("how many alarms its clock has given", By.OFFICER),
            "next_alarm_at": plain("when its clock gives the next"),
            "version": plain("guards against writing over a change"),
        },
    ),
    "incidents": TableEntry(
        purpose="what went wrong with people's data, told to those whom it concerns",
        told="What went wrong with data of yours, what it may mean for you, what we did, and what you can do.",
        retention=(RetentionClass.INCIDENT,),
        path=Path("incident_id", "incident_accounts"),
        columns={
            "incident_id": identifier("name of the incident", By.PERSON, By.OFFICER),
            "recorded_by": _pseudonym("who wrote it down"),
            "recorded_at": personal("when it was written down", By.OFFICER),
            "began_at": personal("since when", By.OFFICER),
            "ended_at": personal("until when", By.OFFICER),
            "affected": _of_the_case("which appliances it concerns; forgotten when their people are told"),
            "texts": replace(personal("the four parts, in each language", By.OFFICER), is_json=True),
            "status": plain("being written, being told, told", By.OFFICER),
            "place": plain("how far telling has come"),
            "told": plain("how many were told", By.OFFICER, By.OPERATOR),
            "told_at": personal("when telling was complete", By.OFFICER),
            "version": plain("guards against writing over a change"),
        },
    ),
    "incident_accounts": TableEntry(
        purpose="whom an incident concerns; nobody else sees it",
        told="That an incident concerns you, and when you were told.",
        retention=(RetentionClass.INCIDENT,),
        subject="account_id",
        columns={
            "incident_id": identifier("the incident", By.PERSON),
            "account_id": identifier("whom it concerns"),
            "told_at": personal("when they were told"),
        },
    ),
    "recipients": TableEntry(
        purpose="where a person wants data of theirs to be sent",
        told="The addresses that you named for your data to be sent to.",
        retention=(RetentionClass.ACCOUNT,),
        subject="account_id",
        columns={
            "recipient_id": identifier("name of the recipient", By.PERSON),
            "account_id": identifier("who named it"),
            "kind": personal("what it is: a webhook"),
            "url_sealed": replace(
                personal("its address, encrypted"), sealed_at="recipients.url:{account_id}:{recipient_id}"
            ),
            "secret_sealed": secret("signs what is sent to it, encrypted"),
            "created_at": personal("since when"),
        },
    ),
    "disclosures": TableEntry(
        purpose="everything about a person that left the gateway, to whom, why, and what became of it",
        told="What was sent to an address that you named: when, which kinds of data, and whether it arrived.",
        retention=(RetentionClass.DISCLOSURE,),
        subject="account_id",
        columns={
            "disclosure_id": identifier("name of the sending", By.PERSON),
            "account_id": identifier("about whom"),
            "recipient_id": identifier("the recipient", By.PERSON),
            "recipient_sealed": replace(
                personal("the recipient's host, encrypted"),
                sealed_at="disclosures.recipient:{account_id}:{disclosure_id}",
            ),
            "purpose": personal("the consent that it rests on"),
            "fields": replace(personal("which kinds of data"), is_json=True),
            "device_id": identifier("the appliance", By.PERSON),
            "payload_sealed": replace(
                personal("what is sent, encrypted, until it has arrived or will not be tried again"),
                sealed_at="disclosures.payload:{account_id}:{disclosure_id}",
            ),
            "at": personal("when it was asked for"),
            "status": personal("waiting, delivered, failed or dropped"),
            "why": personal("why it did not arrive"),
            "tries": plain("how often it was tried", By.PERSON),
            "next_try_at": plain("when to try again"),
            "ended_at": personal("when it arrived or was given up"),
            "version": plain("guards against writing over a change"),
        },
    ),
    "closures": TableEntry(
        purpose="a person is about to close their account",
        told="That you are about to close your account, for a quarter of an hour.",
        retention=(RetentionClass.CLOSURE,),
        subject="account_id",
        columns={
            "account_id": identifier("whose account"),
            "digest": secret("keyed digest of the token that confirms it"),
            "asked_at": personal("when it was asked for"),
            "expires_at": plain("its end", By.PERSON),
        },
    ),
}
