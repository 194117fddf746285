"""What a finished run's model makes of images and codes. A file each: codes, samples, walks, traversals, filling."""
