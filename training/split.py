"""Which SPIDER patients are for training and which are never trained on."""

from __future__ import annotations

HELD_OUT: tuple[int, ...] = (5, 50, 57, 78, 146, 152, 162, 209)
"""Patients kept for evaluation: 50, 57, 146, 209 (herniation at L4/L5), 78, 209 (L5/S1), 152 (an extra level),
5 and 162 (no herniation graded). Weights and their augmentation never see them."""

TRAINING: tuple[int, ...] = (
    7, 18, 22, 34, 35, 41, 52, 55, 65, 69, 81, 127, 129, 136, 141, 161, 166, 185, 191, 200, 220, 234,
)  # fmt: skip
"""Patients to train on."""

FURTHER: tuple[int, ...] = (68, 87, 108, 131, 165, 210, 236)
"""Patients of whom a mid-sagittal T2 TSE image is trained on: no herniation graded, and the canal in the slice."""
