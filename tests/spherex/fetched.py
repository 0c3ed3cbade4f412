"""What the download's table tells of a file."""

from swath.provenance.digests import measured


def checksums(path, prefix=""):
    """Columns with size and SHA-256; `prefix` is 'calibration_' for the file with the PSF."""
    file = measured(path)
    return {f"{prefix}size": file.size, f"{prefix}sha256": file.sha256}
