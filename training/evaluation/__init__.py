"""What the shipped product reaches on data that nothing was trained on; ``python -m training.evaluation``."""
