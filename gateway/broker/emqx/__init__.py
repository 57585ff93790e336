"""EMQX: configuration rendered from the access description."""
