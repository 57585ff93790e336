"""From what the use cases return to what a template shows, in one language."""
