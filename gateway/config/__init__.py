"""The configuration: TOML and environment in, validated `Settings` out."""

from gateway.config.loading import ConfigError, ConfigProblem, load
from gateway.config.settings import Settings
from gateway.config.showing import shown

__all__ = ["ConfigError", "ConfigProblem", "Settings", "load", "shown"]
