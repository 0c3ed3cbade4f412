"""What a run did, in numbers. Nothing that computes imports it."""
