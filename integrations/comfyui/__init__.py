"""ComfyUI nodes of aotface: put this folder into ComfyUI's ``custom_nodes``, and install aotface beside it."""

try:
    import aotface  # noqa: F401
except ImportError:
    raise ImportError(
        "the nodes of aotface need the package: run `pip install aotface` with ComfyUI's Python"
    ) from None

from .nodes import NODE_CLASS_MAPPINGS, NODE_DISPLAY_NAME_MAPPINGS

__all__ = ["NODE_CLASS_MAPPINGS", "NODE_DISPLAY_NAME_MAPPINGS"]
