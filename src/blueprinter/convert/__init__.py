"""From other people's files to ours: blueprints of Azure Blueprints, crosswalks of standards and policies."""

from blueprinter.convert.azure_blueprint import Migration, migrate
from blueprinter.convert.azure_blueprint_live import Reading, lines_of, read_live
from blueprinter.convert.azure_blueprint_report import Findings, report_lines, report_markdown
from blueprinter.convert.blueprint_assignments import ExportedAssignment, read_exported
from blueprinter.convert.codes import CODES
from blueprinter.convert.crosswalk import Crosswalk, LinkLine, MappingLine, read_crosswalk
from blueprinter.convert.crosswalk_files import controls_text, framework_text
from blueprinter.convert.inventory import Exported, export_inventory
from blueprinter.convert.inventory_needs import Needs, needs_of

__all__ = [
    "CODES",
    "Crosswalk",
    "Exported",
    "ExportedAssignment",
    "Findings",
    "LinkLine",
    "MappingLine",
    "Migration",
    "Needs",
    "Reading",
    "controls_text",
    "export_inventory",
    "framework_text",
    "lines_of",
    "migrate",
    "needs_of",
    "read_crosswalk",
    "read_exported",
    "read_live",
    "report_lines",
    "report_markdown",
]
