"""Wrong and odd input, made from a seed: each ends with a result, or with one line that says what was wrong."""
