"""Where networks run: what was asked for, or a refusal; never silently another."""

from aotface.errors import UsageError


def pick_device(wanted: str, users: dict[str, str]) -> str:
    """Settle ``--device``.

    Args:
        wanted: ``auto``, ``cpu`` or ``cuda``.
        users: what runs networks in this run, as ``{"torch": "aot"}`` or ``{"onnxruntime": "swapper.toml"}``.

    Returns:
        ``cpu`` or ``cuda``; with ``auto`` cuda where every user can have it.

    Raises:
        UsageError: no such device, nobody would use it, or somebody cannot.
    """
    if wanted not in ("auto", "cpu", "cuda"):
        raise UsageError(f"expected --device auto, cpu or cuda, got {wanted!r}")
    if wanted == "cpu" or (wanted == "auto" and not users):
        return "cpu"
    if not users:
        raise UsageError("nothing in this run uses cuda: its methods work on the cpu, so leave --device out")
    without = [f"{library} (for {use})" for library, use in users.items() if not _has_cuda(library)]
    if wanted == "cuda" and without:
        raise UsageError(f"--device cuda, but {', '.join(without)} sees no cuda here: ask `aotface doctor`")
    return "cpu" if without else "cuda"


def _has_cuda(library: str) -> bool:
    if library == "torch":
        import torch

        return torch.cuda.is_available()
    from aotface.media.onnx_runtime import PROVIDERS, onnxruntime

    return PROVIDERS["cuda"] in onnxruntime().get_available_providers()
