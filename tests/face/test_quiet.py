"""What the landmark library would load beside comes when it is used, and not before."""

import subprocess
import sys

SAID = """
import sys
from aotface.face.quiet import drawing_later
with drawing_later():
    from mediapipe.python.solutions import drawing_utils
print("matplotlib" in sys.modules)
print(callable(drawing_utils.plt.figure), "matplotlib" in sys.modules)
"""


def test_drawing_comes_when_it_is_used() -> None:
    words = [sys.executable, "-c", SAID]
    said = subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()
    assert said == ["False", "True", "True"]
    twin = subprocess.run([*words[:2], SAID.replace("with drawing_later():", "if True:")], **_TEXT).stdout
    assert twin.split()[0] == "True"


_TEXT = {"capture_output": True, "text": True, "check": True}
