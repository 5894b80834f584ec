"""How the weights in `pipeline/segmentation/weights/` were made. Not installed with the package."""
