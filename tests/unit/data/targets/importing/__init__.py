"""Tests of reading targets from tables, and of writing them."""
