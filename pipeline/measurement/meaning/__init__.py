"""What a measured change means: terms, place, room in the canal, signal, and what the literature says of such cases."""
