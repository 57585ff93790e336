"""The data map of policies, consents and their ledger, notices, and of who decides for a minor."""

from dataclasses import replace
from typing import Final

from gateway.storage.data_map.entries import Reader as By
from gateway.storage.data_map.entries import TableEntry, identifier, personal, plain, secret
from gateway.usecases.repositories.retention import RetentionClass

_ACCOUNT: Final = (RetentionClass.ACCOUNT,)
_POLICY: Final = "texts that are the same for everybody"

CONSENT: Final = {
    "policies": TableEntry(
        purpose="versions of the privacy policy, and what each changed",
        told="The versions of this policy, the same for everybody.",
        retention=(RetentionClass.INSTALLATION,),
        nobody=_POLICY,
        columns={
            "version": plain("1, 2, 3", By.OFFICER),
            "kind": plain("minor or significant", By.OFFICER),
            "reasons": replace(plain("why it is significant, and which purposes", By.OFFICER), is_json=True),
            "reduces_rights": plain("whether it takes rights away: then it needs a yes", By.OFFICER),
            "published_at": plain("since when it can be read", By.OFFICER),
            "effective_at": plain("since when it counts", By.OFFICER),
        },
    ),
    "policy_texts": TableEntry(
        purpose="the texts of each version, as they were shown",
        told="The texts of this policy, the same for everybody.",
        retention=(RetentionClass.INSTALLATION,),
        nobody=_POLICY,
        columns={
            "version": plain("of which version", By.OFFICER),
            "language": plain("in which language", By.OFFICER),
            "text": plain("the text", By.OFFICER),
            "hash": plain("SHA-256 of it", By.OFFICER),
        },
    ),
    "policy_purposes": TableEntry(
        purpose="which purposes a version asks for anew",
        told="Which consents a version of this policy stops, the same for everybody.",
        retention=(RetentionClass.INSTALLATION,),
        nobody=_POLICY,
        columns={
            "version": plain("of which version"),
            "purpose": plain("which purpose"),
            "effective_at": plain("from when on older consents to it do not count"),
        },
    ),
    "consents": TableEntry(
        purpose="what may be done: the last word on each purpose",
        told="What you said yes and no to, and when.",
        retention=_ACCOUNT,
        subject="account_id",
        columns={
            "account_id": identifier("whose"),
            "purpose": personal("to what", By.OFFICER),
            "state": personal("granted, refused, withdrawn, or stopped by a change of the policy", By.OFFICER),
            "at": personal("since when", By.OFFICER),
            "text_version": personal("version of the text that was shown", By.OFFICER),
            "policy_version": personal("version of the policy then", By.OFFICER),
            "event_number": plain("its event in the ledger", By.PERSON),
            "by_guardian": personal("whether the guardian said it", By.OFFICER),
            "ask_at": personal("when the gateway asks whether it should stay"),
            "version": plain("guards against writing over a change"),
        },
    ),
    "consent_ledgers": TableEntry(
        purpose="where the ledger of a person's consents ends",
        told="Where the signed record of your consents ends.",
        retention=_ACCOUNT,
        subject="account_id",
        columns={
            "account_id": identifier("whose"),
            "ledger_id": identifier("random name of the ledger", By.PERSON),
            "number": plain("of its last event", By.PERSON),
            "hash": plain("of its last event", By.PERSON),
        },
    ),
    "consent_events": TableEntry(
        purpose="proves what was said yes and no to, and with which text",
        told="The signed record of every consent, refusal and withdrawal of yours. When you leave, your name is taken "
        "off it and nobody can read it any more; what is left only lets you prove it with the receipt that you hold.",
        retention=(RetentionClass.ACCOUNT, RetentionClass.CONSENT_CLOSED),
        subject="account_id",
        columns={
            "ledger_id": identifier("random name of the ledger", By.PERSON),
            "number": plain("place in the ledger", By.PERSON),
            "account_id": identifier("whose, until the account closes"),
            "at": personal("when"),
            "digest": plain("of the record, which holds a random id", By.PERSON),
            "previous": plain("hash of the event before", By.PERSON),
            "hash": plain("of this event and of the one before", By.PERSON),
            "sealed": replace(
                personal("the record and its signature, encrypted under the person's key"),
                sealed_at="consent_events.sealed:{ledger_id}/{number}",
                is_json=True,
            ),
            "closed_at": plain("when the account closed"),
        },
    ),
    "consent_notices": TableEntry(
        purpose="which text was before somebody's eyes when they said yes to something sensitive",
        told="Which text you were shown before a sensitive consent.",
        retention=(RetentionClass.CONSENT_NOTICE,),
        subject="account_id",
        also="shown_to",
        columns={
            "notice_id": identifier("name of the notice", By.PERSON),
            "account_id": identifier("whose consent it is about"),
            "purpose": personal("to what"),
            "shown_to": identifier("who saw it: the person or their guardian"),
            "language": personal("in which language"),
            "text_version": plain("version of the text", By.PERSON),
            "text_hash": plain("SHA-256 of the text", By.PERSON),
            "policy_version": plain("version of the policy", By.PERSON),
            "shown_at": personal("when it was shown"),
            "expires_at": plain("until when it counts", By.PERSON),
            "used_by": plain("the event in the ledger that rests on it", By.PERSON),
            "version": plain("guards against writing over a change"),
        },
    ),
    "notices": TableEntry(
        purpose="what a person was told: changes of the policy, incidents, support, consents",
        told="What the gateway told you: changes of the policy, incidents, support, consents.",
        retention=(RetentionClass.NOTICE,),
        subject="account_id",
        columns={
            "notice_number": identifier("name of the notice", By.PERSON),
            "account_id": identifier("whom"),
            "kind": personal("what it is about"),
            "data": replace(personal("what the app needs to say it"), is_json=True),
            "at": personal("when"),
            "read_at": personal("when it was marked as read"),
        },
    ),
    "guardian_codes": TableEntry(
        purpose="the digits by which a minor names their guardian",
        told="A digest of the code that you show to your guardian, for ten minutes.",
        retention=(RetentionClass.GUARDIAN_CODE,),
        subject="account_id",
        columns={
            "account_id": identifier("the minor who shows it"),
            "digest": secret("keyed digest of the digits"),
            "shown_at": personal("when it was shown"),
            "expires_at": plain("its end", By.PERSON),
        },
    ),
    "guardianships": TableEntry(
        purpose="who decides for a minor",
        told="Who decides for you while you are not of age, or for whom you decide.",
        retention=_ACCOUNT,
        subject="account_id",
        also="guardian_id",
        columns={
            "account_id": identifier("the minor"),
            "ward_id": identifier("what the guardian's app calls the minor", By.PERSON),
            "guardian_id": identifier("who decides"),
            "since": personal("since when"),
        },
    ),
}
