"""Reading targets from files: CSV and tables of other kinds, in the conventions of the TOM Toolkit and of BHTOM."""
