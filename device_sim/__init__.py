"""Appliances, phones and fleets for demos, tests and load. Knows only gateway.protocol and the HTTP API."""
