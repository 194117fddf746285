"""Speed, compared with other programs: `make bench` measures and writes docs/performance.md. Nothing here is a test."""
