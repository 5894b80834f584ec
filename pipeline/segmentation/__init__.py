"""Segmentation: a visit in; labelled, named anatomy out."""
