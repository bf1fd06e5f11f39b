"""The pages and the file that are made from the code."""
