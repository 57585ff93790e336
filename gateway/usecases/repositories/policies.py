"""Versions of the policy and their texts."""

from collections.abc import Sequence
from typing import Protocol

from gateway.domain.policies import Language, Policy, PolicyText


class PolicyRepository(Protocol):
    """Rows of policies. Kept for the life of the installation: people said yes to them."""

    def all(self) -> list[Policy]:
        """Every version, oldest first."""

    def text(self, version: int, language: Language) -> PolicyText | None:
        """A version in a language."""

    def hashes(self, version: int) -> dict[Language, bytes]:
        """The hash of each of a version's texts."""

    def add(self, policy: Policy, texts: Sequence[PolicyText]) -> bool:
        """A new version; False, and nothing stored, when there is one of this number."""
