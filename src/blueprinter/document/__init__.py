"""Documents: JSON and YAML files, read strictly, with the place of every value.

`load(path)` gives a `Document`; `Document.locate(pointer)` gives the place of any part of it;
`read_model(document, Model)` gives the typed form or every fault of the shape. `json_document` and `json_line` write.
"""

from blueprinter.document.codes import CODES
from blueprinter.document.model import Document, Json, Span, child, tokens, value_at
from blueprinter.document.noting import note, noting
from blueprinter.document.reading import decode, load, parse
from blueprinter.document.shape import inside, read_model, shape_diagnostics
from blueprinter.document.writing import json_document, json_line, json_pieces

__all__ = [
    "CODES",
    "Document",
    "Json",
    "Span",
    "child",
    "decode",
    "inside",
    "json_document",
    "json_line",
    "json_pieces",
    "load",
    "note",
    "noting",
    "parse",
    "read_model",
    "shape_diagnostics",
    "tokens",
    "value_at",
]
