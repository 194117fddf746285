"""Speed, compared with other programs: `make bench` measures and writes docs/performance.md. These are not tests."""
