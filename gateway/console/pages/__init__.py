"""The pages: each asks a use case and hands what it says to a template. No rules."""
