"""The data map of pairing, binding, and the attempts that say why an activation failed."""

from dataclasses import replace
from typing import Final

from gateway.storage.data_map.entries import (
    Entry,
    Path,
    Sensitivity,
    TableEntry,
    identifier,
    personal,
    plain,
    technical,
)
from gateway.storage.data_map.entries import Reader as By
from gateway.storage.data_map.entries import secret as secret_of
from gateway.usecases.repositories.retention import RetentionClass

_BINDING: Final = (RetentionClass.BINDING,)
_PAIRING: Final = (RetentionClass.PAIRING,)
_ATTEMPT: Final = (RetentionClass.ATTEMPT_SUCCEEDED, RetentionClass.ATTEMPT)
_TRACE: Final = (By.PERSON, By.AGENT, By.ENGINEER)

LIFECYCLE: Final = {
    "pairings": TableEntry(
        purpose="an account's consent to bring an appliance home, for ten minutes",
        told="That you were about to add an appliance, and what became of it.",
        retention=_PAIRING,
        subject="account_id",
        columns={
            "pairing_id": identifier("name of the pairing", *_TRACE),
            "account_id": identifier("whose consent"),
            "token_digest": replace(
                secret_of("keyed digest of the one-time token"),
                retention=(RetentionClass.PAIRING_TOKEN, RetentionClass.PAIRING),
            ),
            "status": personal("what became of it", By.AGENT, By.ENGINEER),
            "opened_at": personal("when it was opened", By.AGENT, By.ENGINEER),
            "expires_at": plain("its end", *_TRACE),
            "device_id": identifier("the appliance that it was for", By.PERSON),
            "code": technical("why it did not complete", *_TRACE),
            "trace_id": identifier("short name to tell support", *_TRACE),
            "version": plain("guards against writing over a change"),
            "address_index": Entry(
                "joins a refused connection to the only pairing of its network, keyed digest of the app's address",
                Sensitivity.PERSONAL,
                (By.GATEWAY,),
                retention=(RetentionClass.PAIRING_ADDRESS,),
                told="A digest of the network address that your app called from. The address is not kept.",
            ),
            "reports": plain("how many reports the app has sent about it; bounds them"),
        },
    ),
    "pairing_steps": TableEntry(
        purpose="how far a pairing came, as the app shows it",
        told="How far adding your appliance came.",
        retention=_PAIRING,
        path=Path("pairing_id", "pairings"),
        columns={
            "pairing_id": identifier("the pairing"),
            "step": technical("what was reached", *_TRACE),
            "at": technical("when", *_TRACE),
            "code": technical("what went wrong there", *_TRACE),
        },
    ),
    "bindings": TableEntry(
        purpose="whom an appliance serves",
        told="Which appliances are yours, since when, and what you call them.",
        retention=_BINDING,
        subject="account_id",
        columns={
            "device_id": identifier("the appliance", By.PERSON, By.AGENT),
            "account_id": identifier("the account"),
            "epoch": plain("which binding of the appliance this is"),
            "role": personal("owner, adult or guest", By.AGENT),
            "since": personal("since when", By.AGENT),
            "until": personal("end of a guest's stay"),
            "reset_counter": technical("the appliance's counter when the person last proved to hold it"),
            "nickname_sealed": replace(
                personal("the person's own name for it, encrypted"),
                sealed_at="bindings.nickname:{account_id}:{device_id}",
            ),
        },
    ),
    "release_requests": TableEntry(
        purpose="a newcomer holds the appliance; its owner has 72 hours to object",
        told="That somebody who holds your former appliance asked for it, until you answer or the time is over.",
        retention=_BINDING,
        subject="newcomer",
        columns={
            "device_id": identifier("the appliance"),
            "epoch": plain("the binding that would end"),
            "newcomer": identifier("who asked"),
            "asked_at": personal("when"),
            "until": personal("end of the time to object"),
        },
    ),
    "verdicts": TableEntry(
        purpose="what an appliance was last told about its binding, to be told again when it missed it",
        told="The latest message to your appliance about whether it is yours.",
        retention=(RetentionClass.HARDWARE,),
        path=Path("device_id", "bindings"),
        columns={
            "device_id": identifier("the appliance"),
            "message": technical("the signed message", By.APPLIANCE),
            "at": technical("when it was sent first"),
        },
    ),
    "attempts": TableEntry(
        purpose="how far an appliance came on its way into the app, and why it stopped there",
        told="How setting up your appliance went, so that it can be explained when it fails.",
        retention=_ATTEMPT,
        path=Path("pairing_id", "pairings"),
        columns={
            "attempt_id": identifier("name of the attempt"),
            "trace_id": identifier("short name to tell support", *_TRACE),
            "pairing_id": identifier("the pairing, where one was open"),
            "unit_id": identifier("the unit, once known", By.VIEWER),
            "claim_id": identifier("name in the certificate from the factory"),
            "mac_index": identifier("finds attempts of a MAC that no list knows, keyed digest"),
            "mac_tail": technical("last two characters of that MAC", By.VIEWER, By.ENGINEER),
            "machine_code_index": identifier("finds attempts of an unknown machine code, keyed digest"),
            "machine_code_tail": technical("last two characters of that code", By.VIEWER, By.ENGINEER),
            "type_id": technical("type that the appliance says it is", By.VIEWER, *_TRACE),
            "firmware": technical("version of its program", By.VIEWER, *_TRACE),
            "stage": technical("how far it came", By.VIEWER, By.OPERATOR, *_TRACE),
            "code": technical("why it stopped", By.VIEWER, By.OPERATOR, *_TRACE),
            "confidence": technical("how sure that is", By.VIEWER, *_TRACE),
            "outcome": technical("open, succeeded or failed", By.VIEWER, By.OPERATOR, *_TRACE),
            "opened_at": technical("first sign of it", By.VIEWER, *_TRACE),
            "updated_at": technical("latest sign of it", By.VIEWER, *_TRACE),
            "closed_at": technical("when it was decided", By.VIEWER, *_TRACE),
            "version": plain("guards against writing over a change"),
            "app_version": technical("version of the app that reported", By.VIEWER, *_TRACE),
            "due_at": plain("when silence becomes its result"),
        },
    ),
    "evidence": TableEntry(
        purpose="what the verdict on an attempt rests on",
        told="What was seen while your appliance was set up.",
        retention=(RetentionClass.EVIDENCE_WAITING, *_ATTEMPT),
        path=Path("attempt_id", "attempts"),
        columns={
            "evidence_id": plain("order of arrival"),
            "attempt_id": identifier("the attempt, once known"),
            "source": technical("who saw it", *_TRACE),
            "at": technical("when", *_TRACE),
            "says": technical("a name of ours for what was seen", *_TRACE),
            "raw_code": technical("the appliance's own code", *_TRACE),
            "address_index": Entry(
                "joins a refused connection to an attempt, keyed digest of the network address",
                Sensitivity.PERSONAL,
                (By.GATEWAY,),
                told="A digest of the network address that your appliance called from. The address is not kept.",
            ),
            "stage": technical("at which stage", By.VIEWER, *_TRACE),
            "code": technical("which failure it tells of", By.VIEWER, *_TRACE),
            "probable": plain("joined by circumstances, not by a name", By.VIEWER, *_TRACE),
            "times": technical("how many equal results it stands for", By.VIEWER, *_TRACE),
            "detail": technical("figures measured, or at which of the ten stages; never a name", By.VIEWER, *_TRACE),
        },
    ),
}
