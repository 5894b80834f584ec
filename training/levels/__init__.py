"""Fits the count of levels to spines whose levels are known, and checks its confidence."""
