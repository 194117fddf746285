"""A recording of the explorer's page, for the README."""
