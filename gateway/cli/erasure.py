"""`hearthgate erasure verify | key`: receipts of erasures, checked without a gateway."""

from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.command import AsJson, CommandError, ConfigFile, Exit, command, new_group, say, say_json

group = new_group()


@group.callback()
def erasure() -> None:
    """Receipts of erasures."""


@group.command("verify")
@command
def verify(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A receipt, as the app got it.")],
    *,
    key: Annotated[
        str | None, typer.Option("--key", help="Public key of the installation, base64; default: this one's.")
    ] = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Check the signature of a receipt; ends with 1 when it is not genuine. Needs no database and no network."""
    from gateway.security.receipt_signatures import NoPublicKeyError, ReceiptKey
    from gateway.usecases.erasure_receipts import LONGEST, Genuine, check

    try:
        public = ReceiptKey(key if key is not None else _own_key(config))
    except NoPublicKeyError as wrong:
        raise CommandError(str(wrong), Exit.USAGE) from None
    with file.open("rb") as opened:
        found = check(opened.read(LONGEST + 1), public)
    if isinstance(found, Genuine):
        if as_json:
            say_json({"genuine": True, "receipt": found.receipt})
        else:
            say(f"the receipt is genuine: {found.receipt['of']}, signed at {found.receipt['signed_at']}")
        return
    if as_json:
        say_json({"genuine": False, "why": found.why})
    else:
        say(f"the receipt is not genuine: {found.why}")
    raise typer.Exit(Exit.FAILED)


@group.command("key")
@command
def public_key(*, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Print the public key that receipts are checked with."""
    own = _own_key(config)
    if as_json:
        say_json({"key": own})
    else:
        say(own)


def _own_key(config: Path | None) -> str:
    from gateway.cli.opening import key_ring
    from gateway.config import load
    from gateway.security.receipt_signatures import KEY_FILE, Ed25519ReceiptSigner

    settings = load(config)
    path = settings.authorities_folder / KEY_FILE
    keys = key_ring(settings)
    if not path.exists():
        raise CommandError("this installation has not signed anything yet; give the key with --key")
    return Ed25519ReceiptSigner.from_file_or_new(path, keys.ca_passphrase).public_key
