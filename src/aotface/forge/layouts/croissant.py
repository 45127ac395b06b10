"""Croissant 1.1: frames and masks as file sets, a table of both, and the description that ties them together."""

import hashlib
import json
from typing import Any

from aotface.forge.export import Export, row_of
from aotface.forge.layouts.celebdf import table_of
from aotface.forge.store import FRAMES, MASKS

TYPES = {"label": "sc:Integer", "control": "sc:Integer", "frame": "sc:Integer", "gap": "sc:Float"}
"""Of columns that are no text."""

CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
"""Of the format, as its specification gives it."""


def write(export: Export) -> None:
    """Write frames, masks, ``metadata.csv`` and ``croissant.json``.

    Source: Croissant format specification 1.1, https://docs.mlcommons.org/croissant/.
    """
    rows: list[dict[str, object]] = []
    for sample, number, name in export.frames():
        export.place(sample.path(FRAMES, number), f"frames/{name}.png")
        export.place(sample.path(MASKS, number), f"masks/{name}.mask.png")
        rows.append(
            {"file_name": f"{name}.png", "mask_file_name": f"{name}.mask.png"} | row_of(sample, number)
        )
    table = table_of(rows)
    export.write("metadata.csv", table)
    text = json.dumps(description(export, list(rows[0]), table), indent=1, ensure_ascii=False)
    export.write("croissant.json", (text + "\n").encode())


def description(export: Export, columns: list[str], table: bytes) -> dict[str, Any]:
    """The description as JSON-LD."""
    plan = export.whole.plan()
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.1",
        "name": export.name,
        "description": "MANIPULATED FACES: faces in this set were swapped by software. See ABOUT.md. "
        + (plan.motivation or ""),
        "license": plan.licence or "see LICENCE.txt",
        "url": "https://example.org/not-published",
        "version": f"{plan.version}.0.0",
        "datePublished": "1970-01-01",
        "rai:personalSensitiveInformation": "Faces of people; consent is listed in ABOUT.md.",
        "distribution": [
            _file("metadata.csv", "text/csv", table),
            _files("frames", "frames/*.png"),
            _files("masks", "masks/*.mask.png"),
        ],
        "recordSet": [
            {
                "@type": "cr:RecordSet",
                "@id": "samples",
                "name": "samples",
                "key": {"@id": "samples/file_name"},
                "field": [*map(_column, columns), *_pictures("frames", "file_name")],
            }
        ],
    }


def _file(name: str, kind: str, data: bytes) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": name,
        "name": name,
        "contentUrl": name,
        "encodingFormat": kind,
        "sha256": hashlib.sha256(data).hexdigest(),
    }


def _files(name: str, pattern: str) -> dict[str, Any]:
    kind = {"@type": "cr:FileSet", "@id": name, "name": name}
    return kind | {"encodingFormat": "image/png", "includes": pattern}


def _column(name: str) -> dict[str, Any]:
    return {
        "@type": "cr:Field",
        "@id": f"samples/{name}",
        "name": name,
        "dataType": TYPES.get(name, "sc:Text"),
        "source": {"fileObject": {"@id": "metadata.csv"}, "extract": {"column": name}},
    }


def _pictures(files: str, column: str) -> list[dict[str, Any]]:
    """The name of each picture, which leads to the row of the table, and its pixels."""
    name = {
        "@type": "cr:Field",
        "@id": "samples/image_name",
        "name": "image_name",
        "dataType": "sc:Text",
        "source": {"fileSet": {"@id": files}, "extract": {"fileProperty": "filename"}},
        "references": {"fileObject": {"@id": "metadata.csv"}, "extract": {"column": column}},
    }
    pixels = {
        "@type": "cr:Field",
        "@id": "samples/image",
        "name": "image",
        "dataType": "sc:ImageObject",
        "source": {"fileSet": {"@id": files}, "extract": {"fileProperty": "content"}},
    }
    return [name, pixels]
