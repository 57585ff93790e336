"""`hearthgate ca init | show | rotate | revoke | import-factory`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.command import AsJson, CommandError, ConfigFile, Exit, command, new_group, say, say_json

if TYPE_CHECKING:
    from gateway.security.authorities import AuthorityName, TrustedAuthority

group = new_group()

Name = Annotated[str, typer.Argument(help="factory, device, service or https.")]


@group.command("init")
@command
def init(*, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Make the authorities that do not exist yet."""
    from gateway.cli.opening import authorities
    from gateway.config import load
    from gateway.runtime.clock import utc_now

    made = authorities(load(config), make_key=True).create(utc_now())
    _tell("made", made, as_json=as_json)
    if not made and not as_json:
        say("all authorities are there already")


@group.command("show")
@command
def show(*, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Show the trusted authorities, the newest of each name first: that one signs."""
    from gateway.cli.opening import authorities
    from gateway.config import load
    from gateway.security.authorities import AuthorityName

    folder = authorities(load(config))
    trusted = [authority for name in AuthorityName for authority in folder.trusted(name)]
    if not trusted:
        raise CommandError("there are no authorities yet; run: hearthgate ca init")
    _tell("trusted", trusted, as_json=as_json)


@group.command("rotate")
@command
def rotate(name: Name, *, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Make a new generation of an authority. It signs from the next start on; the old one stays trusted."""
    from gateway.cli.opening import authorities
    from gateway.config import load
    from gateway.runtime.clock import utc_now

    _tell("made", [authorities(load(config)).rotate(_named(name), utc_now())], as_json=as_json)


@group.command("revoke")
@command
def revoke(
    name: Name,
    generation: Annotated[int, typer.Argument(min=1, help="As `ca show` numbers them.")],
    *,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Trust a generation of an authority no longer. Whoever has a certificate of it is shut out at the next start."""
    from gateway.cli.opening import authorities
    from gateway.config import load

    authorities(load(config)).retire(_named(name), generation)
    if as_json:
        say_json({"revoked": name, "generation": generation})
    else:
        say(f"generation {generation} of the {name} authority is trusted no longer")


@group.command("import-factory")
@command
def import_factory(
    file: Annotated[Path, typer.Argument(help="PEM certificate of the factory's own authority.")],
    *,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Trust the authority that signs the claim certificates of your appliances."""
    from gateway.cli.opening import authorities
    from gateway.config import load
    from gateway.runtime.clock import utc_now

    try:
        pem = file.read_text(encoding="ascii")
    except UnicodeDecodeError:
        raise CommandError(f"{file} is no PEM file") from None
    _tell("trusted", [authorities(load(config)).import_factory(pem, utc_now())], as_json=as_json)


def _named(name: str) -> "AuthorityName":
    from gateway.security.authorities import AuthorityName

    try:
        return AuthorityName(name)
    except ValueError:
        raise CommandError(
            f"there is no authority of this name; there are {', '.join(AuthorityName)}", Exit.USAGE
        ) from None


def _tell(what: str, found: "list[TrustedAuthority] | tuple[TrustedAuthority, ...]", *, as_json: bool) -> None:
    if as_json:
        rows = [
            {
                "name": authority.name,
                "generation": authority.generation,
                "fingerprint": authority.fingerprint,
                "not_after": authority.certificate.not_valid_after_utc.isoformat(),
            }
            for authority in found
        ]
        say_json({what: rows})
        return
    for authority in found:
        until = authority.certificate.not_valid_after_utc.date()
        say(f"{authority.name:8} {authority.generation:4}  until {until}  SHA-256 {authority.fingerprint}")
