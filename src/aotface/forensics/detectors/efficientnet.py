"""`efficientnet`: EfficientNet-Lite0 with one new output; its last blocks are trained.

Source: Tan and Le, "EfficientNet", 2019; the Lite variant has no squeeze and no swish.
"""

from aotface.forensics.backbone import open_backbone
from aotface.forensics.detectors import tuned
from aotface.forensics.detectors.base import FitSettings

FRAMES = 1


def network(settings: FitSettings, trained: bool = True) -> tuned.Tuned:
    """See `Kind.network`."""
    return tuned.Tuned(open_backbone(settings.backbone, trained)).eval()


fit = tuned.fit
