"""The support console: pages for staff, on a port of their own. No rules; those are in `usecases` and `domain`."""
