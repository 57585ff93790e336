"""What is said of a configuration that is refused."""

from pathlib import Path

import pytest

from gateway.config import ConfigError, load

SECRET = "s3cret-Passw0rd"


def problems(file: Path | None = None, environment: dict[str, str] | None = None) -> dict[str, str]:
    with pytest.raises(ConfigError) as refused:
        load(file, environment or {})
    assert SECRET not in str(refused.value)
    return {problem.key: problem.says for problem in refused.value.problems}
