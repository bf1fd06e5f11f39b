"""What the archives already know; not built yet."""
