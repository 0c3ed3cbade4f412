"""The real Tractor (Lang, Hogg & Mykytyn 2016) as an engine: the same problems, the same outcome.

Nothing here is imported for the native engine; `find` alone does without the Tractor.
"""
