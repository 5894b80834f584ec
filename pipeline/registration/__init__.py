"""Registration: two visits in; their rigid alignment, met half-way, out."""
