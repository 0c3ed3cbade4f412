"""The configuration: pydantic models, one small file per group of sections."""

from .model import Config

__all__ = ["Config"]
