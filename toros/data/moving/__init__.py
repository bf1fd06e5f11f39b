"""Moving in: reading the databases of other systems, and bringing what they hold into ours."""
