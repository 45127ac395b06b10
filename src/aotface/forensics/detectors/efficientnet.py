"""`efficientnet`: EfficientNet-Lite0 with one new output, all weights trained.

Source: Tan and Le, "EfficientNet", 2019; the Lite variant has no squeeze and no swish.
"""

from jaxtyping import Float
from torch import Tensor, nn

from aotface.forensics.backbone import Backbone, open_backbone
from aotface.forensics.detectors.base import FitSettings, fit_network

FRAMES = 1


class PerFrame(nn.Module):
    """A logit for each frame; the clip's is their mean."""

    def __init__(self, backbone: Backbone):
        super().__init__()
        self.backbone, self.head = backbone, nn.Linear(backbone.width, 1)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, clips: Float[Tensor, "n frames 3 side side"]) -> Float[Tensor, " n"]:
        """Mean logit over the frames."""
        n, frames = clips.shape[:2]
        values: Tensor = self.head(self.backbone(clips.flatten(0, 1)))
        return values.view(n, frames).mean(1)


def network(settings: FitSettings, trained: bool = True) -> PerFrame:
    """See `Kind.network`."""
    return PerFrame(open_backbone(settings.backbone, trained))


fit = fit_network
