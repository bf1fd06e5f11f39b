"""From raw frames to calibrated ones."""
