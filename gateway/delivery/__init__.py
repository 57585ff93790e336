"""Carries out what people had sent to addresses that they named: the only code that calls a stranger's server."""
