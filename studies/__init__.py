"""Measurements that take longer than a test: `studies.speed` (`make bench`) and `studies.density` (`make results`)."""
