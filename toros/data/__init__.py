"""The data manager's own."""
