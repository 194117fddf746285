"""What the build of the site adds to Sphinx, a file each."""
