"""What a run's model says of a set of pictures: which are alike, which belong together, and a map of them."""
