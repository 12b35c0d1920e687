"""Synthetic drawn faces with expressions, for the demo and the tests."""
