"""From other people's files to ours: crosswalks of standards and policies, as CSV."""

from blueprinter.convert.codes import CODES
from blueprinter.convert.crosswalk import Crosswalk, LinkLine, MappingLine, read_crosswalk
from blueprinter.convert.crosswalk_files import controls_text, framework_text

__all__ = [
    "CODES",
    "Crosswalk",
    "LinkLine",
    "MappingLine",
    "controls_text",
    "framework_text",
    "read_crosswalk",
]
