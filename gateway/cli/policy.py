"""`hearthgate policy publish | list | show`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.command import AsJson, CommandError, ConfigFile, command, new_group, say, say_json

if TYPE_CHECKING:
    from gateway.domain.policies import Policy

group = new_group()


@group.callback()
def policy() -> None:
    """Versions of the privacy policy."""


@group.command("publish")
@command
def publish(
    folder: Annotated[
        Path, typer.Argument(help="With policy.json, en.md and zh.md; docs/operating.md says what is in them.")
    ],
    *,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Publish the next version, and tell everybody who has an account.

    Consents that it affects stop on the day it takes effect, until they are given again. It cannot be taken back.
    """
    import asyncio

    from gateway.bootstrap.policies import controller_of
    from gateway.cli.opening import opened
    from gateway.config import load
    from gateway.domain.policies import BadPolicy
    from gateway.runtime.clock import utc_now
    from gateway.storage.data_map import for_policy
    from gateway.usecases.packaged_policies import PolicyFileError, read_policy
    from gateway.usecases.policies import publish as publish_version

    settings = load(config)
    try:
        files = read_policy(folder, for_policy, controller_of(settings), utc_now())
    except PolicyFileError as wrong:
        raise CommandError(str(wrong)) from None
    with opened(settings) as (database, _secrets):
        done = asyncio.run(database.run(lambda tx: publish_version(tx, files.policy, files.texts)))
    if isinstance(done, BadPolicy):
        raise CommandError("; ".join(done.problems))
    if as_json:
        say_json({**_as_json(done.policy), "told": done.told})
    else:
        say(f"{_sentence(done.policy)}; {done.told} people are told")


@group.command("list")
@command
def list_versions(*, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """List every version, oldest first."""
    import asyncio

    from gateway.cli.opening import opened
    from gateway.config import load

    with opened(load(config)) as (database, _secrets):
        found = asyncio.run(database.read(lambda tx: tx.policies.all()))
    if as_json:
        say_json([_as_json(one) for one in found])
        return
    for one in found:
        say(_sentence(one))
    if not found:
        say("none was published; the gateway publishes the first one when it starts")


@group.command("show")
@command
def show(
    version: Annotated[int, typer.Argument(min=1, help="Which version.")],
    *,
    lang: Annotated[str, typer.Option(help="en or zh.")] = "en",
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Show the text of a version, as people are shown it."""
    import asyncio

    from gateway.cli.opening import opened
    from gateway.config import load
    from gateway.domain.policies import Language

    if lang not in set(Language):
        raise CommandError(f"there are texts in {' and '.join(Language)}")
    with opened(load(config)) as (database, _secrets):
        found = asyncio.run(database.read(lambda tx: tx.policies.text(version, Language(lang))))
    if found is None:
        raise CommandError(f"there is no version {version}")
    if as_json:
        say_json({"version": version, "lang": lang, "sha256": found.hash.hex(), "text": found.text})
    else:
        say(found.text.rstrip("\n"))


def _as_json(one: "Policy") -> dict[str, object]:
    return {
        "version": one.version,
        "kind": one.kind.value,
        "reasons": sorted(one.reasons),
        "affects": sorted(one.affects),
        "reduces_rights": one.reduces_rights,
        "published_at": one.published_at.isoformat(timespec="milliseconds"),
        "effective_at": one.effective_at.isoformat(timespec="milliseconds"),
    }


def _sentence(one: "Policy") -> str:
    why = f" ({', '.join(sorted(one.reasons))})" if one.reasons else ""
    stops = f", asks anew for {', '.join(sorted(one.affects))}" if one.affects else ""
    return f"version {one.version}, {one.kind.value}{why}, from {one.effective_at:%Y-%m-%d %H:%M} UTC{stops}"
