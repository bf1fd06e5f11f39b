"""The daemons: each file says which requests its desk serves and which room does the work."""
