"""Site qualification: what the instrument achieves on a department's own protocol, by the digital reference object."""
