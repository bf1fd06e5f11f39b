"""People, and the audit."""
