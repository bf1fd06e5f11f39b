"""How fast the data manager's room is."""
