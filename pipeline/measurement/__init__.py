"""Measurement: fragment volumes, their change, and how sure both are."""
