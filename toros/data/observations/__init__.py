"""Observations: asked of facilities, followed through their life, repeated, and charged to proposals."""
