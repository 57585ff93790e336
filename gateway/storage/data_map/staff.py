"""The data map of staff, of what opens a customer's device to them, and of the audit."""

from typing import Final

from gateway.storage.data_map.entries import Entry, Sensitivity, TableEntry, identifier, personal, plain, secret
from gateway.storage.data_map.entries import Reader as By
from gateway.usecases.repositories.retention import RetentionClass

_STAFF: Final = (RetentionClass.STAFF,)
_SUPPORT: Final = (By.AGENT, By.LEAD, By.OFFICER)


def _of_staff(purpose: str, *readers: By) -> Entry:
    """About somebody of the staff: for colleagues, not for customers."""
    return Entry(purpose, Sensitivity.PERSONAL, (By.GATEWAY, *readers))


def _pseudonym(purpose: str) -> Entry:
    """A random name of somebody of the staff. Customers learn the role, never who."""
    return Entry(purpose, Sensitivity.IDENTIFIER, (By.GATEWAY, By.ADMIN, By.AUDITOR))


STAFF: Final = {
    "staff": TableEntry(
        purpose="who of the staff may use the console",
        told="Only of those who work here: name, roles and what they log in with.",
        retention=_STAFF,
        nobody="somebody who works here has no account as a customer by it",
        columns={
            "staff_id": _pseudonym("name of the account"),
            "name_index": secret("finds the account by its log-in name, keyed digest"),
            "name_index_key": plain("version of that digest's key"),
            "name_sealed": _of_staff("the log-in name, encrypted", By.ADMIN, By.AUDITOR),
            "roles": _of_staff("what they may do", By.ADMIN, By.AUDITOR),
            "created_at": _of_staff("since when", By.ADMIN),
            "disabled_at": _of_staff("since when no longer", By.ADMIN),
            "password_scheme": plain("how the digest of the password was made"),
            "password_hash": secret("digest of the password (bcrypt of a keyed digest)"),
            "password_pepper_id": plain("which key took part in it"),
            "totp_sealed": secret("what their authenticator holds, encrypted"),
            "totp_step": plain("the latest half minute whose code was used: none works twice"),
            "version": plain("guards against writing over a change"),
        },
    ),
    "staff_sessions": TableEntry(
        purpose="where staff are logged in",
        told="Only of those who work here: their log-ins of the last day.",
        retention=(RetentionClass.STAFF_SESSION,),
        nobody="somebody who works here has no account as a customer by it",
        columns={
            "digest": secret("keyed digest of the cookie"),
            "staff_id": _pseudonym("whose"),
            "opened_at": _of_staff("when they logged in"),
            "used_at": _of_staff("when they last did something"),
            "ended_at": _of_staff("when they logged out"),
        },
    ),
    "support_codes": TableEntry(
        purpose="the six digits by which a customer lets support see one appliance",
        told="A digest of the code that you show to support, for a quarter of an hour; the answer that showed it may "
        "be among the last day's answers to your app.",
        retention=(RetentionClass.SUPPORT_CODE,),
        subject="account_id",
        columns={
            "device_id": identifier("the appliance", By.PERSON),
            "epoch": plain("the binding within which it counts"),
            "account_id": identifier("who showed it"),
            "digest": secret("keyed digest of appliance and digits"),
            "shown_at": personal("when it was shown"),
            "expires_at": plain("its end", By.PERSON),
            "tries_left": plain("how many wrong tries are left"),
            "version": plain("guards against writing over a change"),
        },
    ),
    "support_grants": TableEntry(
        purpose="which appliance is open to whom of the staff, until when and why",
        told="When support could see an appliance of yours, and why.",
        retention=(RetentionClass.SUPPORT_GRANT,),
        subject="account_id",
        columns={
            "grant_id": identifier("name of the grant", By.PERSON, *_SUPPORT),
            "kind": personal("by your code, or by two of the staff", *_SUPPORT),
            "device_id": identifier("the appliance", By.PERSON, *_SUPPORT),
            "epoch": plain("the binding within which it counts"),
            "account_id": identifier("whose appliance"),
            "staff_id": _pseudonym("to whom it is open"),
            "case_number": personal("the case, as support calls it", *_SUPPORT),
            "reason": personal("why", *_SUPPORT),
            "opened_at": personal("since when", *_SUPPORT),
            "until": personal("until when", *_SUPPORT),
            "ended_at": personal("when it was ended before that", *_SUPPORT),
            "end_reason": personal("by whom: you or the staff", *_SUPPORT),
        },
    ),
    "break_glass": TableEntry(
        purpose="who asked to see an appliance without its customer's code, who agreed, what the review found",
        told="When two of the staff decided that support may see an appliance of yours without your code, and why.",
        retention=(RetentionClass.BREAK_GLASS,),
        subject="account_id",
        columns={
            "glass_id": identifier("name of the question", By.LEAD, By.OFFICER),
            "device_id": identifier("the appliance", By.PERSON, *_SUPPORT),
            "epoch": plain("the binding within which it counts"),
            "account_id": identifier("whose appliance"),
            "asked_by": _pseudonym("who asked"),
            "case_number": personal("the case, as support calls it", *_SUPPORT),
            "reason": personal("why", *_SUPPORT),
            "asked_at": personal("when", *_SUPPORT),
            "state": personal("asked, approved or declined", *_SUPPORT),
            "decided_by": _pseudonym("the second person"),
            "decided_at": personal("when they decided", *_SUPPORT),
            "reviewed_by": _pseudonym("who reviewed it afterwards"),
            "reviewed_at": personal("when it was reviewed", *_SUPPORT),
            "justified": personal("whether the review found it right", *_SUPPORT),
            "version": plain("guards against writing over a change"),
        },
    ),
    "audit_rows": TableEntry(
        purpose="who of the staff looked at what and decided what, so that it can be neither denied nor changed",
        told="Every time somebody of the staff looked at an appliance of yours: when, in which role, why.",
        retention=(RetentionClass.AUDIT,),
        subject="account_id",
        columns={
            "number": plain("place in the chain", By.AUDITOR, By.PERSON),
            "at": personal("when", By.AUDITOR),
            "staff_id": _pseudonym("who"),
            "role": personal("in which role", By.AUDITOR),
            "action": personal("what was done", By.AUDITOR),
            "result": personal("granted, refused, or nothing found", By.AUDITOR),
            "device_id": identifier("the appliance", By.PERSON, By.AUDITOR),
            "account_id": identifier("whose appliance, a random number"),
            "target": identifier("what else it was about, keyed digest", By.AUDITOR),
            "case_number": personal("the case, as support calls it", By.AUDITOR),
            "reason": personal("why", By.AUDITOR),
            "previous": plain("hash of the row before", By.AUDITOR),
            "hash": plain("hash of this row and of the one before", By.AUDITOR),
        },
    ),
    "audit_checkpoints": TableEntry(
        purpose="the audit's newest hash, signed once a day, so that the whole chain cannot be made anew",
        told="Signed check sums of the record of support's looks, about nobody.",
        retention=(RetentionClass.INSTALLATION,),
        nobody="check sums over the rows of everybody",
        columns={
            "number": plain("the row that it vouches for", By.AUDITOR),
            "hash": plain("that row's hash", By.AUDITOR),
            "at": plain("when it was signed", By.AUDITOR),
            "signature": plain("Ed25519", By.AUDITOR),
        },
    ),
}
