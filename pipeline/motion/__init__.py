"""How the patient moved from one series of a visit to the next."""
