"""Certificates, passwords, tokens, blind indexes, encryption at rest."""
