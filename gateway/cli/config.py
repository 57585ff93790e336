"""`hearthgate config show | check`."""

from typing import Any

import typer

from gateway.cli.command import AsJson, ConfigFile, Exit, command, new_group, say, say_json

group = new_group()


@group.command("show")
@command
def show(*, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Show every setting with its present value; secrets are hidden."""
    from gateway.config import load, shown

    values = shown(load(config))
    if as_json:
        say_json(values)
    else:
        for line in _toml(values, ""):
            say(line)


@group.command("check")
@command
def check(*, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Check whether a gateway could serve with this configuration."""
    from gateway.config import load

    problems = load(config).problems_of_serving()
    if as_json:
        say_json({"ok": not problems, "problems": problems})
    else:
        for problem in problems or ["the configuration is good"]:
            say(problem)
    if problems:
        raise typer.Exit(Exit.FAILED)


def _toml(values: dict[str, Any], section: str) -> list[str]:
    """The values as TOML, plain settings before tables; what is not set is a comment."""
    lines = [f"[{section}]"] if section else []
    tables: list[str] = []
    for name, value in values.items():
        if isinstance(value, dict):
            tables.extend(["", *_toml(value, f"{section}.{name}" if section else name)])
        elif value is None:
            lines.append(f"# {name} =")
        else:
            lines.append(f"{name} = {_literal(value)}")
    return lines + tables


def _literal(value: Any) -> str:
    import json  # for these values JSON and TOML are written alike

    return json.dumps(value, ensure_ascii=False)
