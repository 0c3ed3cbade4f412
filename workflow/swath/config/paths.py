"""Input files: relative in a config file, absolute in a loaded config."""

import os
from collections.abc import Callable
from pathlib import Path

from .base import Section
from .inputs import Image
from .keys import is_file
from .model import Config


def absolute(config: Config, base: str | Path) -> Config:
    """The config with the path of every input made absolute; relative ones begin at `base`, `~` is the home folder."""
    return _with_paths(config, lambda path: str(resolve(path, base)))


def relative(config: Config, base: str | Path) -> Config:
    """The config with the paths of inputs that lie under `base` written relative to it."""
    folder = Path(os.path.abspath(base))

    def shorten(path: str) -> str:
        return Path(path).relative_to(folder).as_posix() if Path(path).is_relative_to(folder) else path

    return _with_paths(config, shorten)


def resolve(path: str, base: str | Path) -> Path:
    """`path` as an absolute path without `..`, beginning at `base` when relative."""
    return Path(os.path.abspath(Path(base) / Path(path).expanduser()))


def resolve_image(image: Image, base: str | Path) -> Image:
    """The image with its paths made absolute."""
    return _with_files(image, lambda path: str(resolve(path, base)))


def _with_paths(config: Config, change: Callable[[str], str]) -> Config:
    lists = {
        name: tuple(_with_files(image, change) for image in getattr(config.inputs, name))
        for name in ("images", "added_images")
    }
    inputs = _with_files(config.inputs, change).model_copy(update=lists)
    others = {name: _with_files(getattr(config, name), change) for name in ("targets", "archive", "grid", "aperture")}
    return config.model_copy(update={"inputs": inputs, **others})


def _with_files(section: Section, change: Callable[[str], str]) -> Section:
    names = [name for name, field in type(section).model_fields.items() if is_file(field)]
    files = {name: getattr(section, name) for name in names}
    return section.model_copy(update={name: path and change(path) for name, path in files.items()})
