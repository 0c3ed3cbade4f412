"""config/README.md: every key in tables, and where tract7dt's parameters went."""

from collections.abc import Iterable, Iterator

from .base import Section
from .canonical import canonical
from .keys import SPXQUERY, Key, expected, keys, sections
from .model import Config
from .peer import GONE, NOTES, defaults, replacements
from .yamltext import flow

HEAD = """\
# Configuration

<!-- Generated from the model in workflow/swath/config; rewrite it with `{command}`. -->

`config.yaml` in this folder is the default run, with every key, its default and a comment. A config of your own
takes its place (`snakemake --configfile my.yaml`) and needs only the keys that differ; what it leaves out has the
default.

- An unknown key, a wrong type or an impossible value stops the run before anything is computed, with one list of all
  problems and the key that was probably meant.
- Relative paths under `inputs` begin at the folder of the config file. Inside an image list, they begin at the folder
  of the list.
- Numbers may be written as `1e-6`. No value is `null`. `true` and `false` are not numbers.
- `snakemake show_config` prints the effective configuration, its hash and what differs from the defaults. A copy is
  kept with every run.
- Pixels count from 0, at the centre of the first pixel; magnitudes are AB.
- Editors with a YAML language server complete and check the keys when the first line is
  `# yaml-language-server: $schema=<repository>/workflow/schemas/config.schema.json`.

What a key was called formerly is said beside it: by tract7dt, or by SPXQuery (`spxquery.<section>.<name>`).

The image list is a text file with one path per line, or a table whose name ends in `.csv` and whose columns are those
of `inputs.images[]`:

```
path,band,weight
night1/m400.fits.fz,m400,night1/m400.weight.fits
night1/m425.fits.fz,m425,night1/m425.weight.fits
```
"""

PEER_HEAD = """\
## Coming from tract7dt

Every parameter of tract7dt 0.6.0, its default there, and what replaces it here. Stages are chosen by Snakemake's
`--until`, `--forcerun` and `--omit-from`; a changed value reruns what depends on it.
"""


def readme(command: str) -> str:
    """The whole document; `command` is what rewrites it."""
    parts = [HEAD.replace("{command}", command), *_sections(), _peer()]
    return "\n".join(parts)


def _sections() -> Iterator[str]:
    yield _section("Top level", Config, "")
    for path, model in sections():
        yield _section(f"`{path}`", model, f"{path}.")


def _section(title: str, model: type[Section], prefix: str) -> str:
    own = [key for key in keys(model, prefix) if "." not in key.path.removeprefix(prefix)]
    head = ["key", "type", "unit", "default", "effect", "formerly"]
    return f"## {title}\n\n{_first_line(model)}\n" + ("\n" + _table(head, map(_row, own)) if own else "")


def _first_line(model: type[Section]) -> str:
    return (model.__doc__ or "").splitlines()[0]


def _row(key: Key) -> list[str]:
    default = "(required)" if key.default is ... else _code(flow(key.default))
    return [
        _code(key.path),
        expected(key.field),
        key.unit,
        default,
        key.effect,
        ", ".join([*map(_code, key.formerly), *(_code(SPXQUERY + name) for name in key.in_spxquery)]),
    ]


def _peer() -> str:
    theirs, ours = defaults(), replacements()
    rows = ([_code(name), _code(value), _became(name, ours[name])] for name, value in theirs.items())
    return PEER_HEAD + "\n" + _table(["tract7dt", "default", "here"], rows)


def _became(name: str, ours: list[str]) -> str:
    if name in GONE:
        return f"no longer needed: {GONE[name]}"
    standard = canonical(Config())
    named = [f"{_code(path)}{_default_words(path, standard)}" for path in ours]
    return ", ".join(named) + (f"; {NOTES[name]}" if name in NOTES else "")


def _default_words(path: str, standard: dict) -> str:
    value = standard
    for name in path.split("."):
        if name.endswith("[]"):
            return ""
        value = value[name]
    return f" ({flow(value)})"


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = list(head)
    lines = [head, ["---"] * len(head), *([_escaped(cell) for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _escaped(cell: str) -> str:
    """Keep Markdown from reading a bar as a cell's end, and `<band>` outside of code as a tag."""
    cell = cell.replace("|", "\\|")
    return cell if cell.startswith("`") else cell.replace("<", "&lt;")


def _code(text: str) -> str:
    return f"`{text}`"
