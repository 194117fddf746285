"""How fast, beside whom? Run with `make bench`; nothing here is a test."""
