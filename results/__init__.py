"""How good are our models beside published ones? `make results` trains, measures, and writes docs/results.md."""
