"""Handlers translate: from the wire to a use case, from its outcome to the wire. No rules in them."""
