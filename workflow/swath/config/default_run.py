"""What the shipped config/config.yaml sets: a small field of SDSS Stripe 82, offline."""

OVERRIDES = {
    "tile": "tiny480",
    "inputs": {
        "image_list": "tiny480/image_list.txt",
        "catalog": "tiny480/input_catalog.csv",
        "gaia": "tiny480/synphot.csv",
    },
    "sources": {"theta_from": "y"},
    "psf": {"ngrid": 1},
    "patches": {"ngrid": 2},
}
