"""Report: a comparison in; JSON, CSV, HTML and NIfTI files out."""
