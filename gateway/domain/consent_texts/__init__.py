"""What a person reads before they say yes to a purpose, in every language."""

from gateway.domain.consent_texts.catalogue import TEXTS, text_of
from gateway.domain.consent_texts.text import VERSIONS, PurposeText, shown

__all__ = ["TEXTS", "VERSIONS", "PurposeText", "shown", "text_of"]
