"""onnxruntime is imported in one place, silent and with its reports off."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import aotface
from aotface.errors import UsageError
from aotface.media import onnx_runtime

CODE = """
import os, sys
import aotface.media.onnx_runtime as place
assert "onnxruntime" not in sys.modules and place.TELEMETRY_OFF not in os.environ
class Watch:
    def find_spec(self, name, path=None, target=None):
        if name == "onnxruntime":
            print(os.environ.get(place.TELEMETRY_OFF))
sys.meta_path.insert(0, Watch())
place.session_options()
"""


def test_telemetry_is_off_before_the_first_import() -> None:
    clean = {key: value for key, value in os.environ.items() if key != onnx_runtime.TELEMETRY_OFF}
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, env=clean, check=True)
    assert done.stdout.split() == ["1"] and done.stderr == ""


def imports_onnxruntime(source: str) -> bool:
    for node in ast.walk(ast.parse(source)):
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        if any(name.split(".")[0] == "onnxruntime" for name in names):
            return True
    return False


def test_nobody_else_imports_it() -> None:
    package = Path(aotface.__file__).parent
    found = {
        str(path.relative_to(package))
        for path in package.rglob("*.py")
        if imports_onnxruntime(path.read_text())
    }
    assert found == {"media/onnx_runtime.py"}
    assert imports_onnxruntime("def f():\n    import onnxruntime")  # the twin


def test_a_session_does_not_spin_and_is_silent() -> None:
    options = onnx_runtime.session_options(2)
    assert (options.intra_op_num_threads, options.inter_op_num_threads) == (2, 1)
    assert options.get_session_config_entry("session.intra_op.allow_spinning") == "0"
    assert options.log_severity_level == onnx_runtime.FATAL


def test_never_another_device_than_asked() -> None:
    if "CUDAExecutionProvider" in onnx_runtime.onnxruntime().get_available_providers():
        pytest.skip("this machine has the device whose absence is tested")
    with pytest.raises(UsageError, match="cuda was asked for"):
        onnx_runtime.open_session(b"", "cuda")
