"""People: who they are, what they may see, what they have changed."""
