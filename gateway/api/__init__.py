"""The HTTP API of the companion app."""
