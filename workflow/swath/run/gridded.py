"""Images of an archive on a grid: what its rules are asked for and told."""

from typing import Any

from ..regrid import field
from .spectral import Spectral


class Gridded(Spectral):
    """Parameters of the rules `query`, `download` and `regrid` for a field, whose centre is the one target."""

    def asked_targets(self, wildcards: Any) -> dict[str, Any]:
        """Parameter: section `targets`, or the field as a target."""
        return field.asked_targets(self.configs[wildcards.tile])

    def asked_archive(self, wildcards: Any) -> dict[str, Any]:
        """Parameter: section `archive`, with a circle that holds the field where there is one."""
        return field.asked_archive(self.configs[wildcards.tile])

    def asked_download(self, wildcards: Any) -> dict[str, Any]:
        """Parameter: section `download` without the number of batches, with cutouts of the field where asked for."""
        asked = field.asked_files(self.configs[wildcards.tile])
        return {name: value for name, value in asked.items() if name != "batches"}
