"""What a run is asked for beside the catalogue: figures, pages and the browser, as the config switches them."""

from typing import Any

from ..figures import (
    Names,
    catalog_figures,
    figure_files,
    patch_figures,
    psf_figures,
    record_of,
    source_figures,
    zeropoint_figures,
)
from .gridded import Gridded

_CATALOGUE = ("catalog.csv", "catalog.fits", "catalog.parquet", "pages/facts.html")


class Shown(Gridded):
    """Names of what is drawn and written for people."""

    @property
    def calibrated(self) -> bool:
        """Are there reference stars, and are they used?"""
        there = bool(self.config.inputs.gaia) or self.config.fetches_reference
        return there and self.config.gaia.enabled and self.config.zeropoint.enabled

    def catalogue(self) -> list[str]:
        """The catalogue and the page of run facts, where there are images."""
        return self.products(*_CATALOGUE) if self.config.imaging else []

    def figures(self) -> list[str]:
        """All figures of a field of images that the config asks for."""
        return self.products(*(f"figures/{name}" for name in self._figure_names()))

    def pages(self) -> list[str]:
        """The catalogue browser with its stamps, and the figure of added sources, where the config asks for them."""
        if not self.config.imaging:
            return []
        if not self.config.explore.enabled:
            return self.injected_figures()
        stamps = (f"explore/stamps/{patch}.png" for patch in self.plans[self.config.tile].patch_tags)
        return self.products("explore/index.html", *stamps) + self.injected_figures()

    def figure_outputs(self, group: str) -> Names:
        """Outputs of the figure rule `psf`, `patch`, `sources`, `catalog` or `zeropoint`: those switched on.

        They hold wildcards. A rule's outputs cannot depend on the tile: they are those of the user's.
        """
        names = {
            "psf": psf_figures(self.config.figures),
            "patch": patch_figures(self.config.figures),
            "sources": source_figures(self.config.figures),
            "catalog": catalog_figures(),
            "zeropoint": zeropoint_figures(self.plans[self.config.tile].bands),
        }[group]
        return {kind: [f"{self.out}/figures/{name}" for name in group] for kind, group in names.items()}

    def figure_records(self, wildcards: Any) -> list[str]:
        """Input function: records of the figure jobs of the user's tile; none of the other tiles', which have none."""
        if wildcards.tile != self.config.tile:
            return []
        return self.products(*dict.fromkeys(f"records/{record_of(name)}" for name in self._figure_names()))

    def _figure_names(self) -> list[str]:
        plan = self.plans[self.config.tile]
        return figure_files(self.config.figures, plan, self.calibrated) if self.config.imaging else []
