"""The Kusto Query Language, as far as Azure Resource Graph takes it: pure, over any tables.

`parse` gives a query with positions, `run` its rows; both raise `QueryFault`.
"""

from blueprinter.sandbox.kql.faults import Place, QueryFault
from blueprinter.sandbox.kql.parser import parse
from blueprinter.sandbox.kql.syntax import Join, Limit, MvExpand, Operator, Query, Union
from blueprinter.sandbox.kql.tabular import Result, Table, run
from blueprinter.sandbox.kql.types import Type, Value, as_json

__all__ = [
    "Join",
    "Limit",
    "MvExpand",
    "Operator",
    "Place",
    "Query",
    "QueryFault",
    "Result",
    "Table",
    "Type",
    "Union",
    "Value",
    "as_json",
    "parse",
    "run",
]
