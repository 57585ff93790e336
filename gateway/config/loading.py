"""From a TOML file and the environment to `Settings`. The environment wins; what is unknown is an error with its name.

`HEARTHGATE_BROKER__NATS__MQTT_PORT=1883` is `mqtt_port` in `[broker.nats]`. A secret may be put in a file:
`HEARTHGATE_DATABASE__URL_FILE=/run/secrets/database`. `HEARTHGATE_MASTER_KEY` and `HEARTHGATE_MASTER_KEY_FILE` are
short for those of `[keys]`.
"""

import difflib
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, get_args

from pydantic import BaseModel, SecretStr, ValidationError

from gateway.config.settings import Settings

PREFIX: Final = "HEARTHGATE_"
CONFIG_VARIABLE: Final = "HEARTHGATE_CONFIG"
"""Names the configuration file."""

TEST_VARIABLES: Final = "HEARTHGATE_TEST_"
"""Belong to the tests; passed over."""

DEFAULT_FILES: Final = (Path("hearthgate.toml"), Path("/etc/hearthgate/hearthgate.toml"))

MAX_FILE_BYTES: Final = 1_048_576
MAX_SECRET_BYTES: Final = 65_536

_SHORT: Final = {
    "HEARTHGATE_MASTER_KEY": ("keys", "master_key"),
    "HEARTHGATE_MASTER_KEY_FILE": ("keys", "master_key_file"),
}


@dataclass(frozen=True, slots=True)
class ConfigProblem:
    """One thing that is wrong in the configuration."""

    key: str
    """Such as `broker.nats.mqtt_port`, or the name of a variable; empty for the whole."""
    says: str
    """Why, without the value."""


class ConfigError(Exception):
    """The configuration cannot be used; `problems` holds everything that is wrong with it."""

    def __init__(self, problems: list[ConfigProblem]) -> None:
        shown = "; ".join(f"{problem.key}: {problem.says}" if problem.key else problem.says for problem in problems)
        super().__init__(f"the configuration cannot be used: {shown}")
        self.problems = problems


def load(file: Path | None = None, environment: Mapping[str, str] | None = None) -> Settings:
    """Read the configuration.

    Args:
        file: a TOML file; else the one named by `HEARTHGATE_CONFIG`; else the first of `DEFAULT_FILES` that exists.
        environment: the process's own if not given.

    Raises:
        ConfigError: with everything that is wrong.
    """
    variables = os.environ if environment is None else environment
    chosen = file or (Path(named) if (named := variables.get(CONFIG_VARIABLE)) else None)
    if chosen is None:
        chosen = next((path for path in DEFAULT_FILES if path.is_file()), None)
    problems: list[ConfigProblem] = []
    values: dict[str, Any] = {}
    if chosen is not None:
        values = _with_paths_from(_read_toml(chosen), chosen.absolute().parent, Settings)
    _merge(values, _from_environment(variables, problems))
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        problems.extend(_problems(error))
    if problems:
        raise ConfigError(sorted(set(problems), key=lambda problem: problem.key))
    return settings


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise ConfigError([ConfigProblem("", f"{path} cannot be read ({error.strerror})")]) from None
    if len(content) > MAX_FILE_BYTES:
        raise ConfigError([ConfigProblem("", f"{path} is larger than {MAX_FILE_BYTES} bytes")])
    try:
        return tomllib.loads(content.decode())
    except (ValueError, RecursionError) as error:
        # tomllib's sentences name a place, and at most one character of what stands there.
        says = str(error) if isinstance(error, tomllib.TOMLDecodeError) else "it is not UTF-8, or nested too deeply"
        raise ConfigError([ConfigProblem("", f"{path} is no TOML: {says}")]) from None


def _with_paths_from(values: dict[str, Any], folder: Path, model: type[BaseModel]) -> dict[str, Any]:
    """Paths in a file are meant from where the file is, wherever the process was started."""
    found = dict(values)
    for name, field in model.model_fields.items():
        value = found.get(name)
        if (section := _section_of(field.annotation)) is not None and isinstance(value, dict):
            found[name] = _with_paths_from(value, folder, section)
        elif isinstance(value, str) and Path in (field.annotation, *get_args(field.annotation)):
            on_path = name == "program" and "/" not in value
            found[name] = value if on_path else str(folder / value)
    return found


def _from_environment(variables: Mapping[str, str], problems: list[ConfigProblem]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, text in sorted(variables.items()):
        if not name.startswith(PREFIX) or name == CONFIG_VARIABLE or name.startswith(TEST_VARIABLES):
            continue
        path = _SHORT.get(name) or tuple(name.removeprefix(PREFIX).lower().split("__"))
        found = _place(path)
        if found is None:
            problems.append(
                ConfigProblem(name, "is no setting" + _suggestion(name.removeprefix(PREFIX), _variables(), PREFIX))
            )
            continue
        place, from_file = found
        value: Any = text
        if from_file:
            try:
                value = _read_secret(Path(text))
            except OSError as error:
                problems.append(ConfigProblem(name, f"its file cannot be read ({error.strerror})"))
                continue
            except ValueError:
                problems.append(ConfigProblem(name, f"its file is not UTF-8, or larger than {MAX_SECRET_BYTES} bytes"))
                continue
        elif _takes_many(place):
            value = [part.strip() for part in text.split(",") if part.strip()]
        section = values
        for part in place[:-1]:
            section = section.setdefault(part, {})
        section[place[-1]] = value
    return values


def _place(path: tuple[str, ...]) -> tuple[tuple[str, ...], bool] | None:
    """The setting that a variable means, and whether its value is the name of a file that holds it."""
    annotation = _annotation(path)
    if annotation is not None:
        return (path, False) if _section_of(annotation) is None else None
    if path[-1].endswith("_file"):
        secret = (*path[:-1], path[-1].removesuffix("_file"))
        annotation = _annotation(secret)
        if annotation is not None and SecretStr in (annotation, *get_args(annotation)):
            return secret, True
    return None


def _annotation(path: tuple[str, ...]) -> Any:
    model: type[BaseModel] | None = Settings
    annotation: Any = None
    for part in path:
        if model is None or part not in model.model_fields:
            return None
        annotation = model.model_fields[part].annotation
        model = _section_of(annotation)
    return annotation


def _section_of(annotation: Any) -> type[BaseModel] | None:
    return annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None


def _takes_many(path: tuple[str, ...]) -> bool:
    return getattr(_annotation(path), "__origin__", None) is tuple


def _read_secret(path: Path) -> str:
    with path.open("rb") as file:
        content = file.read(MAX_SECRET_BYTES + 1)
    if len(content) > MAX_SECRET_BYTES:
        raise ValueError
    return content.decode().strip()


def _merge(into: dict[str, Any], over: dict[str, Any]) -> None:
    for name, value in over.items():
        if isinstance(value, dict) and isinstance(into.get(name), dict):
            _merge(into[name], value)
        else:
            into[name] = value


def _problems(error: ValidationError) -> list[ConfigProblem]:
    problems = []
    for found in error.errors(include_url=False, include_input=False, include_context=False):
        key = ".".join(str(part) for part in found["loc"])
        if found["type"] == "extra_forbidden":
            problems.append(ConfigProblem(key, "is no setting" + _suggestion(key, _keys(Settings, ""))))
        else:
            says = found["msg"].removeprefix("Value error, ")
            problems.append(ConfigProblem(key, says[:1].lower() + says[1:]))
    return problems


def _suggestion(name: str, known: list[str], prefix: str = "") -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.75)
    return f" (did you mean {prefix}{near[0]}?)" if near else ""


def _variables() -> list[str]:
    return [key.upper().replace(".", "__") for key in _keys(Settings, "")]


def _keys(model: type[BaseModel], before: str) -> list[str]:
    keys = []
    for name, field in model.model_fields.items():
        section = _section_of(field.annotation)
        keys.extend([before + name] if section is None else _keys(section, f"{before}{name}."))
    return keys
