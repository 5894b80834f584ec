"""Whoever tells structures apart: the shipped network, an installed package, a label map or a person's mask."""
