"""Drawn faces and their expressions, for the demo and the tests."""
