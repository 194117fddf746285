"""How does a name that came from outside stand in one line of text?"""


def printable(text: object) -> str:
    """The text with what no terminal should be sent (ESC, newlines, bytes that are no UTF-8) escaped as in Python."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape", "surrogatepass").decode("ascii")
        for character in str(text)
    )
