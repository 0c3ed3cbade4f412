"""Names of the HDUs of an image on the grid, beside the image itself."""

WEIGHT_HDU, MASK_HDU = "WEIGHT", "MASK"
