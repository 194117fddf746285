"""What a finished run shows: tables of its measures, its pictures, its page, and a few lines for the terminal."""
