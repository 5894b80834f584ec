"""What displaced disc material is called: its type, zone and level of migration, by the terms of Fardon 2014."""

from pipeline.segmentation.herniation.describe import describe_herniation
from pipeline.segmentation.herniation.terms import Herniation, HerniationType, Migration, Plane, Side, Vertical, Zone

__all__ = ["Herniation", "HerniationType", "Migration", "Plane", "Side", "Vertical", "Zone", "describe_herniation"]
