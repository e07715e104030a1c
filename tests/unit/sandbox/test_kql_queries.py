"""Tabular operators: a table of queries and the rows they give."""

from __future__ import annotations

from typing import Any

import pytest

from unit.sandbox.kql_estate import ask

CASES: list[tuple[str, list[dict[str, Any]]]] = [
    ("Things | project name | limit 2", [{"name": "alpha"}, {"name": "beta"}]),
    ("THINGS | count", [{"Count": 4}]),
    ("project name | take 1", [{"name": "alpha"}]),
    ("where size == 3 | project n = name, size", [{"n": "alpha", "size": 3}, {"n": "Gamma", "size": 3}]),
    # a comment, a line end, a semicolon
    ("Things // all\n| where name == 'beta'\n| project name;", [{"name": "beta"}]),
    # names that columns take from their expressions
    (
        "where name == 'alpha' | project properties.rules[0].port, tostring(tags.env), tolower(name), 1",
        [{"properties_rules_0_port": 22, "tags_env": "prod", "Column1": "alpha", "Column2": 1}],
    ),
    (
        "where name == 'beta' | project name, size, location | project-away s*, location",
        [{"name": "beta"}],
    ),
    ("where name == 'beta' | project-keep name, loc*", [{"name": "beta", "location": "northeurope"}]),
    ("where name == 'beta' | project name | project-rename ['the name'] = name", [{"the name": "beta"}]),
    (
        "where name == 'beta' | project name | extend name = toupper(name), n = strlen(name)",
        [{"name": "BETA", "n": 4}],
    ),
    # order: descending by default; nulls last when descending, first when ascending; ordinal texts
    ("order by name | project name", [{"name": name} for name in ("delta", "beta", "alpha", "Gamma")]),
    ("sort by name asc | project name", [{"name": name} for name in ("Gamma", "alpha", "beta", "delta")]),
    ("order by weight | project weight", [{"weight": w} for w in (4.0, 1.5, None, None)]),
    ("order by weight asc | project weight", [{"weight": w} for w in (None, None, 1.5, 4.0)]),
    ("order by weight asc nulls last | project weight", [{"weight": w} for w in (1.5, 4.0, None, None)]),
    (
        "order by size desc, name asc | project name, size | limit 3",
        [{"name": "beta", "size": 5}, {"name": "Gamma", "size": 3}, {"name": "alpha", "size": 3}],
    ),
    ("top 1 by made | project name", [{"name": "alpha"}]),
    ("top 2 by name asc | project name", [{"name": "Gamma"}, {"name": "alpha"}]),
    # summarize
    (
        "summarize count() by location | order by location asc",
        [
            {"location": "", "count_": 1},
            {"location": "northeurope", "count_": 1},
            {"location": "westeurope", "count_": 2},
        ],
    ),
    (
        "summarize n = count(), sum(size), max(weight), avg(size)",
        [{"n": 4, "sum_size": 11, "max_weight": 4.0, "avg_size": 11 / 3}],
    ),
    (
        "summarize countif(size > 3), dcount(location), min(name)",
        [{"countif_": 1, "dcount_location": 3, "min_name": "Gamma"}],
    ),
    (
        "where false | summarize count(), sum(size), max(size), make_set(name)",
        [{"count_": 0, "sum_size": 0, "max_size": None, "set_name": []}],
    ),
    ("where false | summarize count() by name", []),
    ("summarize make_set(location)", [{"set_location": ["westeurope", "northeurope", ""]}]),
    ("summarize l = make_list(size)", [{"l": [3, 5, 3]}]),
    ("summarize make_list(name, 2)", [{"list_name": ["alpha", "beta"]}]),
    ("summarize take_any(name)", [{"name": "alpha"}]),
    ("summarize any(name)", [{"any_name": "alpha"}]),
    (
        "summarize arg_max(size, name) by type | where type has 'storage'",
        [{"type": "microsoft.storage/storageaccounts", "size": 5, "name": "beta"}],
    ),
    (
        "summarize arg_min(made, *) | project made, name",
        [{"made": "2026-11-01T00:00:00.0000000Z", "name": "beta"}],
    ),
    ("summarize share = 100.0 * countif(size == 3) / count()", [{"share": 50.0}]),
    ("summarize by location | order by location asc | limit 1", [{"location": ""}]),
    (
        "summarize count() by tostring(tags.env) | order by tags_env asc",
        [{"tags_env": "", "count_": 2}, {"tags_env": "dev", "count_": 1}, {"tags_env": "prod", "count_": 1}],
    ),
    ("summarize count() by bin(made, 30d) | where isnotnull(made) | project count_", [{"count_": 2}]),
    ("summarize sumif(size, location == 'westeurope')", [{"sumif_size": 6}]),
    ("summarize max(properties.count)", [{"max_properties_count": 7.5}]),
    (
        "distinct location | order by location asc",
        [{"location": ""}, {"location": "northeurope"}, {"location": "westeurope"}],
    ),
    (
        "project location | distinct *",
        [{"location": "westeurope"}, {"location": "northeurope"}, {"location": ""}],
    ),
    # mv-expand: an empty array gives no row, null and a single value one
    (
        "mv-expand rule = properties.rules | project name, port = rule.port",
        [
            {"name": "alpha", "port": 22},
            {"name": "alpha", "port": 443},
            {"name": "Gamma", "port": 3389},
            {"name": "delta", "port": None},
        ],
    ),
    ("mv-expand rule = properties.rules limit 1 | summarize count()", [{"count_": 3}]),
    (
        "where name == 'alpha' | mv-expand tags | project tags",
        [{"tags": {"env": "prod"}}, {"tags": {"owner": "a"}}],
    ),
    (
        "where name == 'alpha' | mv-expand kind=array tags | project k = tags[0]",
        [{"k": "env"}, {"k": "owner"}],
    ),
    (
        "where name == 'alpha' | mv-expand with_itemindex=i a = pack_array(1, 2), b = pack_array('x')"
        " to typeof(string) | project i, a, b",
        [{"i": 0, "a": 1, "b": "x"}, {"i": 1, "a": 2, "b": ""}],
    ),
    # join
    (
        "extend owner = tostring(tags.owner) | join kind=leftouter Owners on owner"
        " | where name in ('alpha', 'beta') | project name, mail, name1",
        [
            {"name": "alpha", "mail": "a@example.org", "name1": "Ann"},
            {"name": "alpha", "mail": "a2@example.org", "name1": "Ann too"},
            {"name": "beta", "mail": "", "name1": ""},
        ],
    ),
    (
        "extend o = tostring(tags.owner) | join kind=inner (Owners | project owner) on $left.o == $right.owner"
        " | project name, owner",
        [{"name": "alpha", "owner": "a"}, {"name": "alpha", "owner": "a"}],
    ),
    ("Owners | join kind=inner Owners on owner | count", [{"Count": 5}]),
    # innerunique, which is meant without a kind, takes each key of the left side once
    ("Owners | join (Owners) on owner | count", [{"Count": 3}]),
    ("Owners | project owner | join kind=fullouter (project owner = name) on owner | count", [{"Count": 7}]),
    # parse
    (
        "where name == 'alpha' | parse type with provider '/' kind | project provider, kind",
        [{"provider": "microsoft.storage", "kind": "storageaccounts"}],
    ),
    (
        "extend t = 'a=1, b=x' | limit 1 | parse t with * 'a=' a:long ', b=' b | project a, b",
        [{"a": 1, "b": "x"}],
    ),
    (
        "extend t = 'a=one, b=x' | limit 1 | parse t with 'a=' a:long ', b=' b | project a, b",
        [{"a": None, "b": ""}],
    ),
    (
        "extend t = 'a=one, b=x' | limit 1 | parse kind=relaxed t with 'a=' a:long ', b=' b | project a, b",
        [{"a": None, "b": "x"}],
    ),
    (
        "extend t = '/x/virtualNetworks/v/subnets/s' | limit 1"
        " | parse kind=regex t with '/virtualNetworks/' v '/subnets/' s | project v, s",
        [{"v": "v", "s": "s"}],
    ),
    ("limit 1 | parse name with 'nothing' x | project x", [{"x": ""}]),
    # union
    ("project name | union (Owners | project name) | count", [{"Count": 7}]),
    (
        "project name, size | limit 1 | union kind=inner Owners | limit 2",
        [{"name": "alpha"}, {"name": "Ann"}],
    ),
    (
        "project name | limit 1 | union withsource=t (Owners | limit 1 | project mail)",
        [
            {"t": "union_arg0", "name": "alpha", "mail": ""},
            {"t": "union_arg1", "name": "", "mail": "a@example.org"},
        ],
    ),
]


@pytest.mark.parametrize(("query", "rows"), CASES, ids=[case[0][:60] for case in CASES])
def test_rows(query: str, rows: list[dict[str, Any]]) -> None:
    assert ask(query) == rows


def test_mv_expand_stops_at_128_unless_told_otherwise() -> None:
    many = "where name == 'alpha' | extend a = split(strcat_array(split(strcat({0}), ','), ','), ',')"
    many = many.format(", ".join(["'x,x,x,x,x,x,x,x,x,x,'"] * 20))
    assert ask(f"{many} | mv-expand a | count") == [{"Count": 128}]
    assert ask(f"{many} | mv-expand a limit 400 | count") == [{"Count": 201}]
