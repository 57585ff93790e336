"""The one place that names concrete classes: `Settings` in, `Application` out."""

from gateway.bootstrap.assembly import build

__all__ = ["build"]
