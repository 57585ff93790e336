"""What the gateway is measured with; see `docs/benchmarks.md` for how to read it."""
