"""Two marks in every picture: an invisible watermark in its pixels, signed credentials in its file.

The order is fixed, because every change after signing breaks the signature::

    frame = mark_frame(frame)                            # pixels
    data = encode_image(frame, "JPEG", like=target)      # aotface.media.image
    signed = sign(data, record, parent=target_path)      # aotface.provenance.credentials
    write_signed(path, signed)
"""

from aotface.provenance.watermark import change_of as mark_of
from aotface.provenance.watermark import embed as mark_frame

__all__ = ["mark_frame", "mark_of"]
