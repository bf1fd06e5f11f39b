"""Cameras as data: one small file a camera, for what its headers do not say and how its frames are reduced."""
