"""What freyvae reaches on pictures of other kinds: emoji, small colour photos, faces of many people."""
