"""Images of an archive on a grid: what its rules are asked for and told."""

from collections.abc import Sequence
from typing import Any

from ..regrid import field
from .spectral import Spectral

# How an archive is asked and files are fetched: whatever these are, the same comes, or the job fails and runs again.
ASKING = ("tap_mode", "maxrec", "connections", "cache_days", "max_failed_fraction", "http")
FETCHING = ("connections", "attempts", "low_speed_kbs", "low_speed_s", "budget_gb", "reserve_gb")


class Gridded(Spectral):
    """Parameters of the rules `query`, `download` and `regrid` for a field, whose centre is the one target."""

    def asked_targets(self, wildcards: Any) -> dict[str, Any]:
        """Parameter: section `targets`, or the field as a target."""
        return field.asked_targets(self.configs[wildcards.tile])

    def asked_archive(self, wildcards: Any) -> dict[str, Any]:
        """Parameter: what `archive` asks for, with a circle that holds the field where there is one."""
        return _without(field.asked_archive(self.configs[wildcards.tile]), ASKING)

    def asking(self, wildcards: Any) -> dict[str, Any]:
        """Parameter: how `archive` asks for it."""
        return _only(field.asked_archive(self.configs[wildcards.tile]), ASKING)

    def asked_download(self, wildcards: Any) -> dict[str, Any]:
        """Parameter: what `download` fetches, with cutouts of the field where asked for."""
        return _without(field.asked_files(self.configs[wildcards.tile]), ("batches", *FETCHING))

    def fetching(self, wildcards: Any) -> dict[str, Any]:
        """Parameter: how `download` fetches it."""
        return _only(field.asked_files(self.configs[wildcards.tile]), FETCHING)


def _only(section: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: section[name] for name in names}


def _without(section: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: value for name, value in section.items() if name not in names}
