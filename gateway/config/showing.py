"""The configuration for people to read, without its secrets."""

from typing import Any, Final
from urllib.parse import urlsplit

from pydantic import BaseModel, SecretStr

from gateway.config.settings import Settings

HIDDEN: Final = "(hidden)"


def shown(settings: Settings) -> dict[str, Any]:
    """Every setting with its present value, ready for JSON. Secrets read `(hidden)`; a database shows its place."""
    values = _shown(settings)
    values["database"]["url"] = _without_secrets(settings.database_url.get_secret_value())
    return values


def _shown(section: BaseModel) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name in type(section).model_fields:
        value = getattr(section, name)
        if isinstance(value, BaseModel):
            values[name] = _shown(value)
        elif isinstance(value, SecretStr):
            values[name] = HIDDEN
        elif isinstance(value, tuple):
            values[name] = list(value)
        else:
            values[name] = value if value is None or isinstance(value, (int, float)) else str(value)
    return values


def _without_secrets(url: str) -> str:
    """Scheme, host and path. User, password and options are left out: any of them may be, or hold, a secret."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    user = f"{HIDDEN}@" if "@" in parts.netloc else ""
    return f"{parts.scheme}://{user}{host}{parts.path}" + (f"?{HIDDEN}" if parts.query else "")
