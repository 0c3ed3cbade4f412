"""The JSON schema of the config file, for editors that complete and check YAML."""

import json
from typing import Any

from .model import Config


def schema() -> dict[str, Any]:
    """The schema of the model; entries of lists of images may be plain paths, bands plain names or a mapping."""
    made = _untitled(Config.model_json_schema())
    for name in ("images", "added_images"):
        images = made["$defs"]["Inputs"]["properties"][name]
        images["items"] = {"anyOf": [{"type": "string"}, images["items"]]}
    bands = made["$defs"]["ArchiveImages"]["properties"]["bands"]
    bands["items"] = {"anyOf": [{"type": "string"}, bands["items"]]}
    bands["type"] = ["array", "object"]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "swath configuration", **made}


def _untitled(part: Any) -> Any:
    """Without pydantic's titles, which only repeat the names."""
    if isinstance(part, list):
        return [_untitled(item) for item in part]
    if isinstance(part, dict):
        return {name: _untitled(item) for name, item in part.items() if name != "title" or not isinstance(item, str)}
    return part


def schema_text() -> str:
    """The schema as JSON text."""
    return json.dumps(schema(), indent=1, ensure_ascii=False) + "\n"
