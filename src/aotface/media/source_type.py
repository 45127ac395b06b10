"""IPTC's digital source type: in one word, how a picture or video came to be."""

_VOCABULARY = "http://cv.iptc.org/newscodes/digitalsourcetype/"

COMPOSITE = _VOCABULARY + "compositeWithTrainedAlgorithmicMedia"
"""A composite with elements made by a trained algorithm: what a swapped face makes of a picture."""

_AI = ("trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia", "compositeSynthetic")
"""All made by a trained algorithm, a part of it, or a part by any synthesis."""


def says_ai(source_type: str) -> bool:
    """Whether a source type, as IPTC's address or its last word, says that AI made all or a part of it."""
    return source_type.rsplit("/", 1)[-1] in _AI
