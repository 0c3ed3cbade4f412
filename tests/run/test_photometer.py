"""Runs from Python: what is written before anything runs, and which target a state is of."""

import pytest
from swath.config.load import load_config
from swath.errors import ConfigError, InputError
from swath.plan import Plan
from swath.run import Spectra
from swath.run.spectral import STAGES
from swath.run.states import write_states


def test_a_config_of_the_user_is_not_written_over(tmp_path):
    mine = tmp_path / "spherex.yaml"
    mine.write_text("tile: mine\n")
    with pytest.raises(ConfigError, match="a config of your own"):
        Spectra(1.0, 2.0, "spherex", directory=tmp_path)
    assert mine.read_text() == "tile: mine\n"
    for bands in (["D1"], ["D2"]):
        made = Spectra(1.0, 2.0, "mine", directory=tmp_path, archive={"bands": bands})
        assert bands[0] in made.path.read_text()


def test_a_state_is_resumed_for_its_own_target(tmp_path):
    """Of several in one run, not for the first one of them."""
    (tmp_path / "list.csv").write_text("name,ra,dec\none,1,2\nother,3,4\n")
    config = load_config({"tile": "t", "targets": {"table": "list.csv"}}, tmp_path)
    plan = Plan("t", targets=("one-1", "other-2"), batches=("b000",))
    for name in STAGES["query"]:
        path = tmp_path / "results/t" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    write_states(config, plan, tmp_path / "results/t")
    for target in plan.targets:
        assert Spectra.resume(tmp_path / f"results/t/targets/{target}/state.json").folder.name == target


@pytest.mark.parametrize(
    ("text", "words"), [(None, "no such file"), ("{", "not readable"), ("[]", "not the"), ('{"kind": "x"}', "not the")]
)
def test_what_is_no_state_is_told(text, words, tmp_path):
    path = tmp_path / "state.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(InputError, match=words):
        Spectra.resume(path)
