"""IPTC's digital source type: in one word, how a picture or video came to be; read from XMP and written into it.

Nothing else of XMP is carried: it may hold places, names and the history of edits.
"""

import re
from collections.abc import Iterable, Iterator
from xml.etree import ElementTree

VOCABULARY = "http://cv.iptc.org/newscodes/digitalsourcetype/"

COMPOSITE = VOCABULARY + "compositeWithTrainedAlgorithmicMedia"
"""A composite with elements made by a trained algorithm: what a swapped face makes of a picture."""

WHOLE = VOCABULARY + "trainedAlgorithmicMedia"
"""All of it was made by a trained algorithm."""

MAX_XMP_BYTES = 1 << 20
"""Longer packets are not read."""

_AI = (WHOLE, COMPOSITE, VOCABULARY + "compositeSynthetic")
"""All made by a trained algorithm, a part of it, or a part by any synthesis."""

_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_NAME = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}DigitalSourceType"
_SPELLED = re.compile(rf"(?:https?{re.escape(VOCABULARY[4:])})?(\w+)/?")
_PACKET = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
 Iptc4xmpExt:DigitalSourceType="{}"/></rdf:RDF></x:xmpmeta>
<?xpacket end="r"?>"""


def says_ai(source_type: str | None) -> bool:
    """Whether a source type (IPTC's address) says that AI, or other synthesis, made all or a part of it."""
    return source_type in _AI


def read_source_type(packet: bytes | None) -> str | None:
    """Read the source type out of an XMP packet.

    Args:
        packet: XML; perhaps damaged, of any size.

    Returns:
        IPTC's address; None where none is said, or the packet cannot be read. Of several the widest use of AI.

    Source: IPTC Photo Metadata Standard, Digital Source Type; ISO 16684-1, 7.
    """
    if packet is None or len(packet) > MAX_XMP_BYTES or b"<!DOCTYPE" in packet:
        return None  # XMP declares nothing, and entities could unpack without end
    try:
        root = ElementTree.fromstring(packet.strip(b"\x00 \r\n\t"))
    except (ElementTree.ParseError, ValueError, LookupError):
        return None
    found = [VOCABULARY + match[1] for word in _words(root) if (match := _SPELLED.fullmatch(word.strip()))]
    return min(found, key=lambda one: _AI.index(one) if one in _AI else len(_AI), default=None)


def write_source_type(source_type: str) -> bytes:
    """Make an XMP packet that says nothing but the source type."""
    return _PACKET.format(source_type).encode()


def combined(target: str | None, others: Iterable[str | None], marked: bool) -> str | None:
    """What is said of a picture or video with a swapped face.

    Args:
        target: what is said of the target.
        others: what is said of all else that went in.
        marked: whether outputs say that they are made by AI.

    Returns:
        What came in as AI stays AI, marked or not. What came in as anything else, such as a camera's picture, is no longer
        true of the output and goes.
    """
    if says_ai(target):
        return target if target == WHOLE or not marked else COMPOSITE
    return COMPOSITE if marked or any(map(says_ai, others)) else None


def _words(root: ElementTree.Element) -> Iterator[str]:
    for element in root.iter():
        yield from (value for name, value in element.attrib.items() if name == _NAME)
        if element.tag == _NAME:
            yield element.attrib.get(f"{_RDF}resource") or "".join(element.itertext())
