"""What came out against what went in: the verdict on a field of known truth."""
