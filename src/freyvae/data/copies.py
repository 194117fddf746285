"""Counts images that are copies of others."""

from hashlib import blake2b

from freyvae.data.pixels import Images

# a smaller share of copies is not worth a note
_SHARE_OF_NOTE = 0.01


def copies_note(images: Images) -> str:
    """A note on images whose pixels are those of another image, if they are 1 % of all or more; otherwise ""."""
    kept = {blake2b(image.tobytes(), digest_size=16).digest() for image in images}
    copies = len(images) - len(kept)
    if not copies or copies < _SHARE_OF_NOTE * len(images):
        return ""
    are = "is a copy of another" if copies == 1 else "are copies of others"
    return f"{copies:,} of {len(images):,} images {are}: held-out images may be among the training images"
