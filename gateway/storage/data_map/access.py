"""The data map of accounts, what they log in with, and what slows down those who guess."""

from dataclasses import replace
from typing import Final

from gateway.storage.data_map.entries import Entry, Path, Sensitivity, TableEntry, identifier, personal, plain, secret
from gateway.storage.data_map.entries import Reader as By
from gateway.usecases.repositories.retention import RetentionClass

_ACCOUNT: Final = (RetentionClass.ACCOUNT,)

ACCOUNTS: Final = {
    "accounts": TableEntry(
        purpose="who may use the app",
        told="Your account: a random number, and your login name in a form that cannot be read back.",
        retention=_ACCOUNT,
        subject="account_id",
        columns={
            "account_id": identifier("name of the account", By.PERSON, By.AGENT),
            "login_index": secret("finds the account by its login name, keyed digest"),
            "login_index_key": plain("version of that digest's key"),
            "login_kind": personal("whether the login name is a mail address or a telephone number"),
            "adult": replace(
                personal("whether location and other grants may be given"), told="Whether you are of age."
            ),
            "guardian_id": personal("not written any more: who decides for a minor is in `guardianships`"),
            "created_at": personal("when it was opened"),
            "closed_at": personal("when it was closed"),
            "version": plain("guards against writing over a change"),
        },
    ),
    "passwords": TableEntry(
        purpose="what a password is checked against",
        told="A one-way digest of your password. Nobody can read the password from it.",
        retention=_ACCOUNT,
        subject="account_id",
        columns={
            "account_id": identifier("whose password"),
            "scheme": plain("how the digest was made"),
            "hash": secret("the digest (bcrypt of a keyed digest)"),
            "pepper_id": plain("which key took part in it"),
            "salt": secret("only of imported accounts: the former system's salt, until the next log-in"),
            "salt_first": plain("only of imported accounts: the order in that digest"),
            "changed_at": personal("when it was last changed"),
        },
    ),
    "sessions": TableEntry(
        purpose="where an account is logged in, and how that ended",
        told="Your log-ins: when they began, were last used and ended.",
        retention=(RetentionClass.SESSION,),
        subject="account_id",
        columns={
            "session_id": identifier("name of the log-in", By.PERSON),
            "account_id": identifier("whose"),
            "created_at": personal("when it began"),
            "refreshed_at": personal("when it was last used"),
            "ended_at": personal("when it ended"),
            "end_reason": personal("why it ended"),
        },
    ),
    "session_tokens": TableEntry(
        purpose="checks what an app shows with its requests",
        told="Digests of the keys that your app holds while you are logged in.",
        retention=(RetentionClass.SESSION_TOKEN,),
        path=Path("session_id", "sessions"),
        columns={
            "digest": secret("keyed digest of a token"),
            "session_id": identifier("the log-in that it belongs to"),
            "purpose": plain("for requests, or for the next pair"),
            "expires_at": plain("its end"),
            "used_at": plain("when it was traded for the next pair; a second time means theft"),
        },
    ),
    "throttles": TableEntry(
        purpose="slows down those who guess passwords",
        told="A count of wrong passwords, under a digest of the name or address tried.",
        retention=(RetentionClass.THROTTLE,),
        nobody="found only by a digest of what was typed, which says nothing of whose name it is",
        columns={
            "key": Entry("keyed digest of a login name or network address", Sensitivity.PERSONAL, (By.GATEWAY,)),
            "failures": plain("how many tries failed"),
            "blocked_until": plain("until when no further try is looked at"),
            "updated_at": plain("the latest try"),
            "version": plain("guards against writing over a change"),
        },
    ),
    "idempotent_requests": TableEntry(
        purpose="answers a request that the app sends twice as it did the first time",
        told="The last day's answers to your app, encrypted, in case it asks again because the network failed.",
        retention=(RetentionClass.KEPT_ANSWER,),
        subject="owner",
        columns={
            "key": identifier("keyed digest of who asked, what route, and the request's own key"),
            "request_digest": secret("keyed digest of what was asked"),
            "status": plain("status of the answer"),
            "location": personal("address of what was made"),
            "body": secret("the answer, encrypted: it may hold tokens, or the code for support"),
            "owner": identifier("the account that asked"),
            "started_at": plain("when it was asked"),
        },
    ),
}
