"""Tables, transaction and repositories on SQLite and PostgreSQL."""
