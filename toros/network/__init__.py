"""How orders travel."""
