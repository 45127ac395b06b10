"""Datasets of manipulated faces: a plan, a canonical store, exports in the layouts that loaders read, and their checks.

`aotface.forge.store` is what other packages read a finished set with.
"""
