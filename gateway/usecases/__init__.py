"""One file a capability: ordinary functions over one open transaction."""
