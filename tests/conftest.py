"""What all suites share: programs that may be absent, and how Hypothesis looks for counter-examples."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

REQUIRE = "HEARTHGATE_TEST_REQUIRE"
"""Names the programs (`mosquitto,chromium`) without which a run must fail instead of skipping."""

# Databases and brokers of other tests share the machine: a slow example is no fault, and the same ones come every time.
settings.register_profile(
    "hearthgate",
    deadline=None,
    derandomize=True,
    max_examples=100,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.register_profile("thorough", parent=settings.get_profile("hearthgate"), derandomize=False, max_examples=2000)
settings.load_profile(os.environ.get("HEARTHGATE_TEST_HYPOTHESIS", "hearthgate"))


def _program(*names: str) -> str | None:
    # Debian puts servers where ordinary accounts do not look.
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"])
    return next((found for name in names if (found := shutil.which(name, path=path)) is not None), None)


def _mosquitto() -> str | None:
    return _program("mosquitto")


def _chromium() -> str | None:
    found = _program("chromium", "chromium-browser", "google-chrome", "headless_shell")
    if found is not None:
        return found
    own = os.environ.get("PLAYWRIGHT_BROWSERS_PATH", "~/.cache/ms-playwright")
    kept = sorted(Path(own).expanduser().glob("chromium*/*/*"))
    return next(
        (str(path) for path in kept if path.name in {"chrome", "headless_shell", "chrome-headless-shell"}), None
    )


_FIND = {"mosquitto": _mosquitto, "chromium": _chromium}


def _required() -> set[str]:
    names = {name.strip() for name in os.environ.get(REQUIRE, "").split(",")} - {""}
    unknown = names - _FIND.keys()
    if unknown:
        message = f"{REQUIRE} names {', '.join(sorted(unknown))}; known are {', '.join(sorted(_FIND))}"
        raise pytest.UsageError(message)
    return names


def pytest_configure(config: pytest.Config) -> None:
    """A run that must not skip stops at once when what it needs is not there."""
    absent = sorted(name for name in _required() if _FIND[name]() is None)
    if absent:
        message = f"{REQUIRE} asks for {', '.join(absent)}, which cannot be found on this machine"
        raise pytest.UsageError(message)


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Skip by name what needs a program that is absent."""
    found = {name: find() for name, find in _FIND.items()}
    for item in items:
        for name, program in found.items():
            if program is None and item.get_closest_marker(f"needs_{name}") is not None:
                reason = f"needs {name}, which is not installed (set {REQUIRE}={name} to make this an error)"
                item.add_marker(pytest.mark.skip(reason=reason))
