"""How well hidden pixels are filled, and noise taken out, compared with plain ways to do so."""
