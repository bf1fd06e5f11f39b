"""Devices, real and simulated."""
