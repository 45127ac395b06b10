"""`tsn`: snippets spread over a clip, one network for all, mean logit.

Source: Wang et al., "Temporal segment networks", 2016; the backbone here is EfficientNet-Lite0, and there is no flow.
"""

from aotface.forensics.detectors import tuned
from aotface.forensics.detectors.efficientnet import network as network

FRAMES = 4

fit = tuned.fit
