"""A small executor after ComfyUI's node protocol: it checks a prompt as ComfyUI does, then runs it.

Facts from ComfyUI 0.3.64: inputs are constants or links ``[node, output]``; types of links must agree; numbers lie between
``min`` and ``max``; a choice is one of a list; only what an output node needs is run.
"""

import importlib.util
import inspect
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

Prompt = dict[str, dict[str, Any]]
NODES = Path(__file__).parents[2] / "integrations" / "comfyui"
CASTS = {"INT": int, "FLOAT": float, "STRING": str, "BOOLEAN": bool}
WIDGETS = (*CASTS, "COMBO")


def load_nodes(folder: Path = NODES) -> ModuleType:
    """Import a custom-node folder by its path, under a name that is no identifier, as ComfyUI does."""
    name = str(folder).replace(".", "_x_")
    spec = importlib.util.spec_from_file_location(name, folder / "__init__.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def inputs_of(node: type) -> dict[str, tuple[Any, dict[str, Any], bool]]:
    """Of a node: type, options, and whether it is required, by name."""
    table = node.INPUT_TYPES()
    assert set(table) <= {"required", "optional", "hidden"}
    return {
        name: (row[0], row[1] if len(row) > 1 else {}, group == "required")
        for group in ("required", "optional")
        for name, row in table.get(group, {}).items()
    }


def check_protocol(node: type) -> None:
    """What ComfyUI needs of a node class."""
    assert isinstance(node.RETURN_TYPES, tuple) and all(isinstance(kind, str) for kind in node.RETURN_TYPES)
    assert len(node.RETURN_NAMES) == len(node.RETURN_TYPES)
    assert len(getattr(node, "OUTPUT_TOOLTIPS", node.RETURN_TYPES)) == len(node.RETURN_TYPES)
    assert isinstance(node.CATEGORY, str) and node.DESCRIPTION
    named = inspect.signature(getattr(node(), node.FUNCTION)).parameters
    takes_all = any(one.kind is one.VAR_KEYWORD for one in named.values())
    for name, (kind, options, required) in inputs_of(node).items():
        assert takes_all or name in named
        assert options["tooltip"]
        if isinstance(kind, list):
            assert options["default"] in kind
        elif kind in CASTS:
            assert type(options["default"]) is CASTS[kind]
            low, high = (options.get(end, options["default"]) for end in ("min", "max"))
            assert low <= options["default"] <= high
        elif not required:
            assert named[name].default is None


def faults(prompt: Prompt, nodes: Mapping[str, type]) -> list[str]:
    """What ComfyUI refuses of a prompt, before it runs."""
    found = [
        f"{key}: no node {row['class_type']}" for key, row in prompt.items() if row["class_type"] not in nodes
    ]
    if found:
        return found
    if not any(getattr(nodes[row["class_type"]], "OUTPUT_NODE", False) for row in prompt.values()):
        return ["no output"]
    for key, row in prompt.items():
        for name, (kind, options, required) in inputs_of(nodes[row["class_type"]]).items():
            if name in row["inputs"]:
                found += _fault(f"{key}.{name}", row["inputs"][name], kind, options, prompt, nodes)
            elif required:
                found.append(f"{key}.{name}: missing")
    return found


def _fault(
    place: str, value: Any, kind: Any, options: dict[str, Any], prompt: Prompt, nodes: Mapping[str, type]
) -> list[str]:
    if isinstance(value, list):
        given = nodes[prompt[value[0]]["class_type"]].RETURN_TYPES[value[1]]
        return [] if given == kind or "*" in (given, kind) else [f"{place}: {given} is no {kind}"]
    if isinstance(kind, list):
        return [] if value in kind else [f"{place}: {value!r} not in list"]
    try:
        value = CASTS[kind](value)
    except (KeyError, ValueError):
        return [f"{place}: {value!r} is no {kind}"]
    low, high = options.get("min", value), options.get("max", value)
    return [] if low <= value <= high else [f"{place}: {value} out of range"]


def execute(prompt: Prompt, nodes: Mapping[str, type]) -> dict[str, Any]:
    """Check and run a prompt.

    Returns:
        By node: its outputs; of an output node what it shows, under its key and ``.ui``.
    """
    assert faults(prompt, nodes) == []
    results: dict[str, Any] = {}

    def run(key: str) -> tuple[Any, ...]:
        if key not in results:
            node = nodes[prompt[key]["class_type"]]
            known = inputs_of(node)
            given = {name: value for name, value in prompt[key]["inputs"].items() if name in known}
            for name, value in given.items():
                kind = known[name][0]
                given[name] = (
                    run(value[0])[value[1]]
                    if isinstance(value, list)
                    else (value if isinstance(kind, list) else CASTS[kind](value))
                )
            made = getattr(node(), node.FUNCTION)(**given)
            if isinstance(made, dict):
                results[f"{key}.ui"], made = made.get("ui"), made.get("result", ())
            assert isinstance(made, tuple) and len(made) == len(node.RETURN_TYPES)
            results[key] = made
        return results[key]

    with torch.inference_mode():
        for key, row in prompt.items():
            if getattr(nodes[row["class_type"]], "OUTPUT_NODE", False):
                run(key)
    return results


def as_prompt(workflow: dict[str, Any], nodes: Mapping[str, type]) -> Prompt:
    """A workflow in the format of the page, as a prompt of the API: links by number, values of widgets by place."""
    links = {row[0]: row for row in workflow["links"]}
    prompt: Prompt = {}
    for node in workflow["nodes"]:
        kinds = inputs_of(nodes[node["type"]])
        shown = [name for name, (kind, *_) in kinds.items() if isinstance(kind, list) or kind in WIDGETS]
        inputs = dict(zip(shown, node["widgets_values"], strict=False))
        for place, one in enumerate(node["inputs"]):
            if one["link"] is None:
                continue
            _, start, slot, end, at, kind = links[one["link"]]
            assert (end, at) == (node["id"], place)
            origin = next(other for other in workflow["nodes"] if other["id"] == start)
            assert origin["outputs"][slot]["type"] == kind and one["link"] in origin["outputs"][slot]["links"]
            inputs[one["name"]] = [str(start), slot]
        prompt[str(node["id"])] = {"class_type": node["type"], "inputs": inputs}
    return prompt
