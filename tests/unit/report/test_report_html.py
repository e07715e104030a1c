"""The HTML report: whole, self-contained, and every number with the list that it counts."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections import Counter
from hashlib import sha256
from itertools import pairwise

import pytest
from msgspec.structs import replace

from blueprinter.compliance import ControlState, Fraction, Pair, ResourceFacts, Run
from blueprinter.report import FORMATS, NOT_A_VERDICT, ReportOptions
from unit.report import runs
from unit.report.page_tree import Element, read_page

RUNS = {
    "small": runs.small,
    "medium": runs.medium,
    "full": runs.full,
    "hostile": runs.hostile,
    "empty": runs.empty,
    "without framework": runs.without_framework,
}
EVERY_RUN = pytest.mark.parametrize("run", [make() for make in RUNS.values()], ids=list(RUNS))
FORMAT = FORMATS.get("html")


def page(run: Run, options: ReportOptions | None = None) -> tuple[str, Element]:
    assert FORMAT is not None
    assert FORMAT.write is not None
    text = "".join(FORMAT.write(run, options or ReportOptions()))
    return text, read_page(text)


def number(text: str) -> int:
    found = re.search(r"\d[\d,]*", text)
    assert found, text
    return int(found[0].replace(",", ""))


def controls_in(element: Element) -> list[str]:
    return [e.attributes["id"] for e in element.walk() if e.attributes.get("id", "").startswith("control-")]


def rows_of(element: Element) -> list[Element]:
    return [row for row in element.all("tr") if "data-row" in row.attributes]


def target(tree: Element, link: Element) -> Element:
    return tree.by_id(link.attributes["href"].removeprefix("#"))


@EVERY_RUN
def test_same_run_gives_same_bytes(run: Run) -> None:
    assert page(run)[0] == page(run)[0]


@EVERY_RUN
def test_ids_are_unique_and_links_lead_somewhere(run: Run) -> None:
    _, tree = page(run)
    ids = Counter(e.attributes["id"] for e in tree.walk() if "id" in e.attributes)
    assert {id for id, times in ids.items() if times > 1} == set()
    inside = [link.attributes["href"] for link in tree.all("a") if link.attributes.get("class") != "portal"]
    assert all(href.startswith("#") for href in inside)
    assert {href[1:] for href in inside} <= set(ids)
    referred = {
        id
        for e in tree.walk()
        for name in ("aria-labelledby", "aria-describedby", "for")
        for id in e.attributes.get(name, "").split()
    }
    assert referred <= set(ids)


@EVERY_RUN
def test_nothing_is_loaded_and_nothing_but_its_own_script_may_run(run: Run) -> None:
    _, tree = page(run)
    assert not [
        e for e in tree.walk() if {"src", "srcset", "style", "action", "data", "poster"} & set(e.attributes)
    ]
    assert not [name for e in tree.walk() for name in e.attributes if name.startswith("on")]
    assert {e.tag for e in tree.walk()} & {
        "link",
        "img",
        "iframe",
        "object",
        "embed",
        "base",
        "video",
    } == set()
    (policy,) = tree.all("meta", **{"http-equiv": "Content-Security-Policy"})
    (style,), (script,) = tree.all("style"), tree.all("script")
    assert "url(" not in style.text.replace("url(#", "")
    assert "@import" not in style.text
    directives = dict(part.strip().split(" ", 1) for part in policy.attributes["content"].split(";"))
    assert directives == {
        "default-src": "'none'",
        "style-src": f"'sha256-{b64encode(sha256(style.text.encode()).digest()).decode()}'",
        "script-src": f"'sha256-{b64encode(sha256(script.text.encode()).digest()).decode()}'",
        "base-uri": "'none'",
        "form-action": "'none'",
    }


@EVERY_RUN
def test_headings_descend_one_level_at_a_time(run: Run) -> None:
    _, tree = page(run)
    levels = [int(e.tag[1]) for e in tree.walk() if re.fullmatch("h[1-6]", e.tag)]
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


@EVERY_RUN
def test_tables_have_headers_and_sections_have_names(run: Run) -> None:
    _, tree = page(run)
    for table in tree.all("table"):
        columns = [cell for cell in table.all("thead")[0].walk() if cell.tag in ("th", "td")]
        assert all(cell.attributes.get("scope") == "col" for cell in columns)
        for row in [row for body in table.all("tbody") for row in body.all("tr")]:
            if row.attributes.get("class") == "rest":
                assert [int(cell.attributes["colspan"]) for cell in row.all("td")] == [len(columns)]
                continue
            cells = [cell for cell in row.children if isinstance(cell, Element)]
            if row.attributes.get("class") == "rule":
                assert [cell.attributes["scope"] for cell in cells] == ["rowgroup"]
                assert cells[0].attributes["colspan"] == str(len(columns))
                continue
            assert sum(int(cell.attributes.get("colspan", "1")) for cell in cells) == len(columns)
            assert cells[0].attributes.get("scope") == "row"
    assert all("aria-labelledby" in section.attributes for section in tree.all("section"))


@EVERY_RUN
def test_it_is_called_evidence_and_says_what_it_is_not(run: Run) -> None:
    _, tree = page(run)
    assert NOT_A_VERDICT in tree.by_id("summary").text
    assert NOT_A_VERDICT in tree.by_id("method").text
    words = tree.text.casefold()
    assert "compliant with iso" not in words
    assert "grade" not in words


@pytest.mark.parametrize("make", [runs.small, runs.medium, runs.empty], ids=["small", "medium", "empty"])
def test_legend_counts_the_controls_of_its_section(make: object) -> None:
    assert callable(make)
    run: Run = make()
    _, tree = page(run)
    (legend,) = tree.all("ul", **{"class": "legend"})
    shown = {link.attributes["href"][1:]: number(link.text) for link in legend.all("a")}
    assert shown == {str(state): run.state_counts[state] for state in ControlState}
    assert run.framework is not None
    assert sum(shown.values()) == len(run.framework.counted)
    for state in ControlState:
        listed = controls_in(tree.by_id(state))
        expected = [
            r.control.id for r in run.results if r.state is state and r.control.id in run.framework.counted
        ]
        assert sorted(listed) == sorted(f"control-{id}" for id in expected)


def test_themes_count_the_list_that_they_link() -> None:
    run = runs.medium()
    _, tree = page(run)
    (table,) = tree.all("table", **{"class": "themes"})
    body, foot = table.all("tbody")[0], table.all("tfoot")[0]
    total = 0
    for link in body.all("a"):
        listed = controls_in(target(tree, link).within("data-group"))
        assert len(listed) == number(link.text)
        total += len(listed)
    assert total == 93
    assert [number(cell.text) for cell in foot.all("td")] == [
        *(run.state_counts[s] for s in ControlState),
        93,
    ]


def test_coverage_and_score_count_the_lists_that_they_link() -> None:
    run = runs.medium()
    _, tree = page(run)
    rows = {id: len(tree.by_id(id).all("tr")) - 1 for id in ("tested-open", "tested-clear", "untested")}
    assert rows["tested-open"] + rows["tested-clear"] == run.coverage.part == run.score.whole
    assert rows["tested-clear"] == run.score.part
    assert sum(rows.values()) == run.coverage.whole
    coverage, score, resources = (
        figure.text for figure in tree.all("dl", **{"class": "figures"})[0].all("dd")
    )
    assert "15 of 88 (17 %)" in coverage
    assert "73 were not" in coverage
    assert "8 of 15 (53 %)" in score
    assert "1,232 of 1,284 (95 %)" in resources


def test_every_finding_stands_in_the_list_of_all() -> None:
    run = runs.small()
    _, tree = page(run)
    for id, pairs in (
        ("failing", {Pair.NON_COMPLIANT}),
        ("exempt", {Pair.WAIVED, Pair.MITIGATED}),
        ("undecided", {Pair.UNSUPPORTED}),
    ):
        expected = [f.state.resource.name for f in run.findings if f.pair in pairs]
        rows = rows_of(tree.by_id(id))
        assert [row.all("bdi", **{"class": "name"})[0].text for row in rows] == expected
        assert number(tree.by_id(f"{id}-title").text) == len(expected)


def test_a_gap_shows_resource_place_values_policy_and_exemption() -> None:
    run = runs.small()
    gone = replace(run.findings[1], exemption="old-sftp")
    _, tree = page(replace(run, findings=(run.findings[0], gone, *run.findings[2:])))
    card = tree.by_id("control-A.8.24")
    assert "mismatch" in card.text
    (row,) = [row for row in card.all("tr") if "stshop" in row.text]
    rule = row.within("data-rule").all("tr", **{"class": "rule"})[0]
    assert " ".join(rule.text.split()) == "high Storage accounts accept HTTPS only Audit"
    for expected in (
        "Microsoft.Storage/storageAccounts",
        "rg-shop-prod",
        "Contoso Online",
        "found false",
        "expected true",
        "properties.supportsHttpsTrafficOnly",
        "since 12 days",
        "exemption old-sftp (no longer counts)",
        "inventory.jsonl:3",
    ):
        assert expected in " ".join(row.text.split()), expected


def test_only_direct_tests_make_rows_of_a_control() -> None:
    run = runs.small()
    signal = replace(run.findings[1], controls=("A.8.24", "A.8.13"))
    _, tree = page(replace(run, findings=(run.findings[0], signal, *run.findings[2:])))
    assert "stshop" not in tree.by_id("no-resources").text


def test_long_lists_are_cut_with_the_number_that_is_left() -> None:
    _, tree = page(runs.medium())
    card = tree.by_id("control-A.8.24")
    (table,) = card.all("table", **{"class": "findings"})
    assert len(rows_of(table)) == 10
    assert "Failing: 40 findings on 40 resources" in table.text
    (rest,) = table.all("tr", **{"class": "rest"})
    assert rest.text.strip() == "and 30 more in all findings and the JSON"
    assert len(rows_of(target(tree, rest.all("a")[0]))) == 40
    _, tree = page(runs.medium(), ReportOptions(max_findings=10))
    section = tree.by_id("failing")
    assert len(rows_of(section)) == 10
    assert "and 42 more in the JSON" in section.text
    assert number(tree.by_id("failing-title").text) == 52


def test_every_failing_rule_of_a_control_has_rows() -> None:
    run = runs.medium()
    many = tuple(replace(found, controls=("A.8.24",)) for found in run.findings)
    gap = next(result for result in run.results if result.control.id == "A.8.24")
    others = [
        next(r for r in run.results if r.control.id == id).links[0] for id in ("A.8.20", "A.8.13", "A.8.26")
    ]
    results = tuple(replace(r, links=(*r.links, *others)) if r is gap else r for r in run.results)
    _, tree = page(replace(run, findings=many, results=results))
    rules = tree.by_id("control-A.8.24").all("tr", **{"class": "rule"})
    assert {rule.all("bdi")[0].text for rule in rules} == {
        "No inbound RDP from the Internet",
        "Storage accounts accept HTTPS only",
        "Key vaults have purge protection",
        "Web apps accept HTTPS only",
    }


def test_a_run_that_holds_only_the_worst_findings_says_so() -> None:
    run = runs.medium()
    _, tree = page(replace(run, findings_total=900, pair_counts={**run.pair_counts, Pair.NON_COMPLIANT: 900}))
    assert "Counted over the worst 52 of 900 findings." in tree.by_id("summary").text
    assert "and 848 more in the JSON Lines" in tree.by_id("failing").text


def test_act_first_puts_the_worst_first_and_names_exposure() -> None:
    _, tree = page(runs.medium())
    (actions,) = tree.all("div", **{"class": "act"})
    first, second = (" ".join(item.text.split()) for item in actions.all("li")[:2])
    assert first == (
        "critical Not met: No inbound RDP from the Internet 4 resources, 4 with a public network path"
        " · gap in A.8.20 · no owner named"
    )
    assert "40 resources" in second
    for item in actions.all("li"):
        link = item.all("a")[0]
        assert len(rows_of(target(tree, link))) == number(link.text)
    said = " ".join(actions.text.split())
    assert "1 exemption has expired · 1 exemption ends within 30 days · 1 gap is declared" in said


def test_act_first_says_since_when_and_whose_it_is() -> None:
    run = runs.full()
    owned = [replace(found, facts=ResourceFacts(owner="net@contoso.example")) for found in run.findings]
    _, tree = page(replace(run, findings=tuple(owned)))
    (actions,) = tree.all("div", **{"class": "act"})
    first = " ".join(actions.all("li")[0].text.split())
    assert first.endswith("4 resources, since 12 days · gap in A.8.20 · owner net@contoso.example")


def test_clauses_stand_apart() -> None:
    run = runs.medium()
    _, tree = page(run)
    assert len(controls_in(tree.by_id("clauses"))) == 10
    assert "Clauses 4–10 stand apart, in none of these numbers: 1 attested · 9 not automated." in " ".join(
        tree.by_id("summary").text.split()
    )


def test_nothing_evaluated_shows_no_score_and_no_percentage() -> None:
    _, tree = page(runs.empty())
    figures = tree.all("dl", **{"class": "figures"})[0].text
    assert "0 of 9 (0 %)" in figures
    assert "– No resource was judged." in " ".join(figures.split())
    assert "100 %" not in tree.text
    assert "Too little was tested" in figures


def test_a_score_that_is_not_shown_is_nowhere() -> None:
    run = replace(runs.medium(), score=Fraction(11, 13), score_shown=False)
    text, _ = page(run)
    assert "11 of 13" not in text


def test_states_are_told_in_words_and_not_by_colour_alone() -> None:
    _, tree = page(runs.small())
    marks = [e for e in tree.all("span") if "mark" in e.attributes.get("class", "").split()]
    assert len(marks) > 9
    assert all(mark.attributes.get("aria-hidden") == "true" for mark in marks)
    assert all({"aria-label", "aria-hidden"} & set(svg.attributes) for svg in tree.all("svg"))


def test_what_was_not_looked_at_is_listed() -> None:
    run = runs.medium()
    _, tree = page(run)
    assert len(tree.by_id("untested-types").all("li")) == len(run.population.untested_types)
    assert len(tree.by_id("unmapped").all("li")) == len(run.unmapped_policies)
    assert "Lab" in tree.by_id("scopes").text
    assert "refused" in tree.by_id("scopes").text
    assert "4 tests can only be answered by Azure itself" in tree.by_id("coverage").text
    assert len(tree.by_id("diagnostics").all("tbody")[0].all("tr")) == 3
    order = [
        row.all("td")[0].text for body in tree.by_id("exemptions").all("tbody") for row in body.all("tr")
    ]
    assert [text.split(":")[0] for text in order] == [
        "Expired",
        "Ends soon",
        "In use",
        "Needless",
        "Matches nothing in this run",
    ]


def test_five_thousand_findings_fit_into_two_megabytes() -> None:
    run = runs.medium(failures=4900)
    text, tree = page(run, ReportOptions(max_findings=5_000))
    assert len(text.encode()) < 2_000_000
    assert len(rows_of(tree.by_id("failing"))) == 5_000


def test_what_the_page_cannot_take_stands_beside_it_as_lines() -> None:
    run = runs.medium(failures=400)
    assert FORMAT is not None
    assert FORMAT.files is not None
    assert list(FORMAT.files(run, ReportOptions(max_findings=1_000), "report.html")) == []
    ((name, content),) = FORMAT.files(run, ReportOptions(max_findings=10), "report.html")
    assert name == "report.findings.jsonl"
    assert [json.loads(line)["resourceId"] for line in content.splitlines()] == [
        found.state.resource.id for found in run.findings
    ]


@pytest.mark.parametrize(
    ("cloud", "portal"),
    [
        ("AzureCloud", "https://portal.azure.com/#resource/subscriptions/"),
        ("AzureUSGovernment", "https://portal.azure.us/#resource/subscriptions/"),
        ("AzureChinaCloud", "https://portal.azure.cn/#resource/subscriptions/"),
    ],
)
def test_a_failing_resource_leads_to_the_portal_of_its_cloud(cloud: str, portal: str) -> None:
    _, tree = page(replace(runs.medium(), cloud=cloud))
    links = [link.attributes["href"] for link in tree.all("a") if link.attributes.get("class") == "portal"]
    assert links
    assert all(href.startswith(portal) for href in links)


def test_a_resource_of_a_template_is_in_no_portal() -> None:
    _, tree = page(replace(runs.medium(), template_only=True))
    assert not [link for link in tree.all("a") if link.attributes.get("class") == "portal"]


def test_every_failure_stands_with_its_owner_or_with_nobody() -> None:
    run = runs.medium()
    failing = [one for one in run.findings if one.pair is Pair.NON_COMPLIANT]
    half = {id(one): ResourceFacts(owner="net@contoso.example") for one in failing[::2]}
    marked = tuple(replace(one, facts=half[id(one)]) if id(one) in half else one for one in run.findings)
    _, tree = page(replace(run, findings=marked))
    failures = {
        row.all("th")[0].text.strip(): number(cell.text)
        for row in rows_of(tree.by_id("owners"))
        for cell in row.all("td")
        if cell.attributes.get("data-label") == "Failures"
    }
    assert failures["net@contoso.example"] == len(failing[::2])
    assert sum(failures.values()) == len(failing)


def test_attestations_that_are_due_come_before_those_that_hold() -> None:
    run = runs.full()
    ranks = {"fail": 0, "lapsed": 1, "ending": 2, "pass": 3}
    _, tree = page(run)
    bodies = [body.attributes["id"] for body in tree.by_id("attestations").all("tbody")]
    order = [ranks[id.rpartition("-")[2]] for id in bodies]
    assert order == sorted(order)
    assert len(rows_of(tree.by_id("attestations"))) == len(run.attestations)
