"""What daemons remember."""
