"""Failures on purpose, caused for real: each code of the catalogue, from the box to the first report."""
