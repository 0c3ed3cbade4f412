"""The configuration: pydantic models, one small file per group of sections; `model.Config` is all of them."""
