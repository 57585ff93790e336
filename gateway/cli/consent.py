"""`hearthgate consent verify | key`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.command import AsJson, CommandError, ConfigFile, Exit, command, new_group, say, say_json

if TYPE_CHECKING:
    from gateway.security.receipt_signatures import ReceiptKey
    from gateway.usecases.receipt_checks import GenuineReceipt, ReceiptFault

group = new_group()


@group.callback()
def consent() -> None:
    """Receipts of consents."""


@group.command("key")
@command
def key(*, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Show the public key of this installation's receipts. Give it to whoever is to check one."""
    from gateway.config import load

    found = _own_key(load(config).authorities_folder, config)
    if as_json:
        say_json({"algorithm": "Ed25519", "key": found.text})
    else:
        say(found.text)


@group.command("verify")
@command
def verify(
    file: Annotated[Path, typer.Argument(help="The receipt, as the app gave it: JSON.", show_default=False)],
    *,
    public_key: Annotated[
        str | None,
        typer.Option("--key", help="The installation's public key (else that of this machine's installation)."),
    ] = None,
    account: Annotated[str | None, typer.Option(help="It has to be this account's, such as a-….")] = None,
    purpose: Annotated[str | None, typer.Option(help="It has to be for this purpose: location.reminder, …")] = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Check a receipt: that this installation signed it, and that nothing in it was changed. Needs no database.

    With --key it needs nothing but the file. Ends with 1 when the receipt proves nothing.
    """
    from gateway.config import load
    from gateway.security.receipt_signatures import NoPublicKeyError, ReceiptKey
    from gateway.usecases.receipt_checks import BYTES_AT_MOST, ReceiptFault, check_receipt

    try:
        trusted = _own_key(load(config).authorities_folder, config) if public_key is None else ReceiptKey(public_key)
    except NoPublicKeyError as wrong:
        raise CommandError(str(wrong), Exit.USAGE) from None
    with file.open("rb") as opened:
        content = opened.read(BYTES_AT_MOST + 1)
    found = check_receipt(content, trusted.verify, trusted.text, account_id=account, purpose=purpose)
    if as_json:
        say_json(_as_json(found))
    else:
        say(_sentence(found))
    if isinstance(found, ReceiptFault):
        raise typer.Exit(Exit.FAILED)


def _own_key(folder: Path, config: Path | None) -> "ReceiptKey":
    """The public half of this installation's key. Reading makes none: what it would verify nobody has signed."""
    from gateway.cli.opening import key_ring
    from gateway.config import load
    from gateway.security.receipt_signatures import KEY_FILE, Ed25519ReceiptSigner, ReceiptKey

    path = folder / KEY_FILE
    if not path.exists():
        raise CommandError(f"there is no key of receipts in {path}; give one with --key")
    signer = Ed25519ReceiptSigner.from_file_or_new(path, key_ring(load(config)).ca_passphrase)
    return ReceiptKey(signer.public_key)


def _as_json(found: "GenuineReceipt | ReceiptFault") -> dict[str, object]:
    from gateway.usecases.receipt_checks import ReceiptFault

    if isinstance(found, ReceiptFault):
        return {"genuine": False, "fault": found.value}
    return {
        "genuine": True,
        "account_id": found.account_id,
        "purpose": found.purpose,
        "state": found.state,
        "at": found.at,
        "policy_version": found.policy_version,
        "number": found.number,
    }


def _sentence(found: "GenuineReceipt | ReceiptFault") -> str:
    from gateway.usecases.receipt_checks import ReceiptFault

    if isinstance(found, ReceiptFault):
        return f"this receipt proves nothing: {_what_is_wrong(found)}"
    state = found.state.replace("_", " ")
    return (
        f"genuine: {state} for {found.purpose} at {found.at}, under version {found.policy_version} of the policy, "
        f"event {found.number} of {found.account_id}"
    )


def _what_is_wrong(fault: "ReceiptFault") -> str:
    from gateway.usecases.receipt_checks import ReceiptFault

    match fault:
        case ReceiptFault.UNREADABLE:
            return "it is no receipt, or of a version that is not known here"
        case ReceiptFault.WRONG_KEY:
            return "it is of another installation"
        case ReceiptFault.FORGED:
            return "it was changed, or never signed with this key"
        case ReceiptFault.OUT_OF_PLACE:
            return "record and place in the ledger do not belong together"
        case ReceiptFault.OTHER_PERSON:
            return "it is another account's"
        case ReceiptFault.OTHER_PURPOSE:
            return "it is for another purpose"
