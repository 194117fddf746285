"""Likelihoods, compared with published models: `make results` trains, measures and writes docs/results.md."""
