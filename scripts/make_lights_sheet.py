"""docs/images/lights.jpg: every sample source in every sample light, by the default transfer. Faces of nobody.

python scripts/make_lights_sheet.py [--weights aot_small] [--output docs/images/lights.jpg]
"""

import argparse
from pathlib import Path

import numpy as np

from aotface.compose.pipeline import swap
from aotface.media.image import read_image, write_image
from aotface.media.sheet import Panel, sheet
from aotface.options import Options
from aotface.samples import samples

HEIGHT = 210


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--weights", default=Options.weights)
    parser.add_argument("--output", type=Path, default=Path("docs/images/lights.jpg"))
    options = parser.parse_args()
    sources = [(words(path), read_image(path).frame) for path in samples("source")]
    blank = Panel(np.full((HEIGHT, HEIGHT, 3), 250, np.uint8))
    rows = [[blank, *(Panel(frame, name) for name, frame in sources)]]
    for path in samples("target"):
        target = read_image(path).frame
        done = [swap(frame, target, Options(weights=options.weights), mark=False) for _, frame in sources]
        rows.append([Panel(target, words(path)), *(Panel(one.frame) for one in done)])
    write_image(options.output, sheet(rows, height=HEIGHT), overwrite=True, quality=88)


def words(path: Path) -> str:
    return path.stem.partition("_")[2].replace("_", " ")


if __name__ == "__main__":
    main()
