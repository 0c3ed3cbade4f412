"""Sources added to the user's own images: what their rules read of the user's tile and of the derived ones."""

import re
from typing import Any

from ..inject.derive import number_of, tile_names
from .tiles import InputFunction
from .values import Values


class Injection(Values):
    """Input functions and parameters of the rules `inject*`."""

    judging = ("enabled", "realisations", "bin_mag", "min_snr", "recovery_sigma")  # keys that change no source

    @property
    def injected_tiles(self) -> str:
        """Wildcard constraint: the derived tiles."""
        return "|".join(map(re.escape, tile_names(self.config)))

    @property
    def own_tile(self) -> str:
        """Wildcard constraint: the user's tile."""
        return re.escape(self.config.tile)

    def own_bands(self, pattern: str) -> list[str]:
        """A product of every fitted band of the user's tile, in order."""
        return self.products(*(pattern.format(band=band) for band in self.plans[self.config.tile].fitted))

    def own_image_files(self, wildcards: Any) -> dict[str, str]:
        """Input function: the user's image of a band, and its weights where they change with added light."""
        entry = self.own_image(wildcards)
        names = {"image": "path"} | ({"weight": "weight"} if self.config.inputs.weight_kind == "total" else {})
        return {name: entry[key] for name, key in names.items() if entry[key]}

    def own_frame(self, wildcards: Any) -> str:
        """Input function: the frame of a band of the user's tile."""
        return self.products(f"frames/{wildcards.band}.fits")[0]

    def own_image(self, wildcards: Any) -> dict[str, Any]:
        """Parameter: the image entry of a band of the user's tile."""
        return self.plans[self.config.tile].images[wildcards.band]

    @staticmethod
    def realisation(wildcards: Any) -> int:
        """Parameter: number of the realisation that a derived tile is."""
        return number_of(wildcards.tile)

    def each_realisation(self, pattern: str) -> InputFunction:
        """Input function: a product of every derived tile, in order."""
        return lambda wildcards: [f"{self.out.format(tile=tile)}/{pattern}" for tile in tile_names(self.config)]

    def injected_figures(self) -> list[str]:
        """The figure of added sources, where every run is to have it."""
        return self.products("inject/inject.png") if self.config.inject.enabled else []
