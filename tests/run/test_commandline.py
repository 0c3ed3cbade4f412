"""The user's command line: which words are targets, and what is left without them."""

import pytest
from swath.run.commandline import given, options, targets

READERS = ("verify", "provenance")


@pytest.mark.parametrize(
    ("line", "asked"),
    [
        ("verify", ["verify"]),
        ("-s X --cores 2 verify", ["verify"]),
        ("-s X --configfile a.yaml -- verify", ["verify"]),
        ("-s X --directory verify", []),
        ("verify all", []),
        ("--cores 2 -n", []),
        ("results/t/verify", []),
        ("--no-such-option verify", []),
    ],
)
def test_targets(line, asked):
    assert targets(line.split(), READERS) == asked


@pytest.mark.parametrize(
    ("line", "left"),
    [
        ("verify -s X --cores 2", "-s X --cores 2"),
        ("-s X --cores 2 verify", "-s X --cores 2"),
        ("-s X --configfile a.yaml b.yaml -- verify", "-s X --configfile a.yaml b.yaml"),
        ("--directory verify -s X --cores 2 verify", "--directory verify -s X --cores 2"),
        ("verify --directory verify -s X", "--directory verify -s X"),
        ("-s X --config a=1 --cores 2 verify all", "-s X --config a=1 --cores 2"),
        ("-s X", "-s X"),
    ],
)
def test_options_stay_as_typed(line, left):
    assert options(line.split()) == left.split()


def test_values_of_config_are_read_to_the_letter():
    line = ["provenance", "--config", "source=007", "file=a b=c.fits", "--cores", "1"]
    assert given(line, "source") == "007"
    assert given(line, "file") == "a b=c.fits"
    assert given(line, "other") is None
    assert given(["provenance"], "source") is None
