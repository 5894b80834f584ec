"""Contrast enhancement of the fragment: its rim in millimetres and percent of the surface, and its core."""
