"""Runs for the report tests: built from the nouns alone, without an evaluation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from msgspec.structs import replace

from blueprinter.arm import Origin, Resource
from blueprinter.blueprint import (
    Attestation,
    AttestationState,
    AutomationClass,
    Control,
    ControlGroup,
    ControlKind,
    ControlMapping,
    Evidence,
    Exemption,
    ExemptionCategory,
    Framework,
    InheritedEvidence,
    Link,
    LinkTarget,
    Responsibility,
    SoaEntry,
    Strength,
)
from blueprinter.compliance import (
    AttestationUse,
    Attested,
    CertificateUse,
    Change,
    Comparison,
    ControlChange,
    ControlResult,
    ControlState,
    ExemptionUse,
    Finding,
    FindingChange,
    Fraction,
    Inherited,
    LinkOutcome,
    LinkResult,
    Pair,
    PolicySeverity,
    Population,
    Run,
    ScopeCoverage,
    Statement,
    Tested,
    TrendPoint,
)
from blueprinter.compliance.resource_facts import facts_of
from blueprinter.diagnostics import Position, warning
from blueprinter.policy import (
    AliasSource,
    AssignedPolicy,
    ComplianceState,
    PolicyDefinition,
    PolicyState,
    UnsupportedReason,
    definition_key,
)

NOW = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)
SUBSCRIPTION = "11111111-1111-1111-1111-111111111111"
OTHER_SUBSCRIPTION = "22222222-2222-2222-2222-222222222222"

_DECIDING = {Tested.FAIL, Tested.WAIVED, Tested.SUPPORT, Tested.PASS}
_STATE_OF_PAIR = {
    Pair.NON_COMPLIANT: ComplianceState.NON_COMPLIANT,
    Pair.WAIVED: ComplianceState.NON_COMPLIANT,
    Pair.MITIGATED: ComplianceState.NON_COMPLIANT,
    Pair.UNSUPPORTED: ComplianceState.UNSUPPORTED,
    Pair.ERROR: ComplianceState.ERROR,
    Pair.CONFLICT: ComplianceState.CONFLICT,
    Pair.COMPLIANT: ComplianceState.COMPLIANT,
}


def resource(
    type: str,
    name: str,
    *,
    group: str = "rg-shop-prod",
    subscription: str = SUBSCRIPTION,
    properties: Mapping[str, Any] | None = None,
    file: str = "inventory.jsonl",
    line: int = 0,
) -> Resource:
    id = f"/subscriptions/{subscription}/resourceGroups/{group}/providers/{type}/{name}"
    body = {"id": id, "type": type, "name": name, "properties": dict(properties or {})}
    return Resource(id, type, name, body, Origin(file, line))


def definition(
    name: str, display_name: str, severity: PolicySeverity = PolicySeverity.MEDIUM
) -> PolicyDefinition:
    no_rule: Any = None
    return PolicyDefinition(
        id=f"/providers/Microsoft.Authorization/policyDefinitions/{name}",
        name=name,
        display_name=display_name,
        description="",
        mode="Indexed",
        policy_type="Custom",
        version="1.0.0",
        category="",
        severity=severity,
        deprecated=False,
        parameters={},
        rule=no_rule,
        metadata={},
        position=Position(""),
    )


def finding(
    policy: PolicyDefinition,
    on: Resource,
    controls: Sequence[str],
    *,
    pair: Pair = Pair.NON_COMPLIANT,
    expected: str = "",
    actual: str = "",
    path: str = "",
    reason: UnsupportedReason | None = None,
    detail: str = "",
    exemption: str = "",
    first_seen: str = "",
    alias_source: AliasSource = AliasSource.TABLE,
    assignment_id: str = "",
    reference_id: str = "",
    effect: str = "Audit",
) -> Finding:
    state = PolicyState(
        AssignedPolicy(policy, assignment_id=assignment_id, reference_id=reference_id),
        on,
        _STATE_OF_PAIR[pair],
        effect=effect,
        reason=reason,
        detail=detail,
        path=path,
        expected=expected,
        actual=actual,
        alias_source=alias_source,
    )
    return Finding(state, pair, policy.severity, tuple(controls), exemption, first_seen, facts_of(on))


def control(
    id: str,
    title: str,
    *,
    automation: AutomationClass = AutomationClass.TECHNICAL,
    kind: ControlKind = ControlKind.CONTROL,
    responsibility: Responsibility = Responsibility.CUSTOMER,
    reason: str = "",
) -> Control:
    group = ".".join(id.split(".")[:2]) if kind is ControlKind.CONTROL else id.split(".")[0]
    return Control(id, title, group, kind, True, automation, responsibility, reason)


def link(
    control_id: str,
    policy: PolicyDefinition,
    outcome: LinkOutcome,
    counts: Mapping[Pair, int],
    *,
    strength: Strength = Strength.FULL,
    why: str = "reads the setting itself",
    reason: str = "",
    not_enforced: bool = False,
) -> LinkResult:
    target = Link(control_id, LinkTarget.POLICY, definition_key(policy.id), strength, why)
    return LinkResult(target, outcome, policy.severity, policy.display_name, counts, reason, not_enforced)


def result(
    of: Control,
    state: ControlState,
    tested: Tested = Tested.NONE,
    *,
    attested: Attested = Attested.NONE,
    inherited: Inherited = Inherited.NONE,
    **more: Any,
) -> ControlResult:
    return ControlResult(of, state, tested, attested, inherited, **more)


def framework(controls: Iterable[Control], groups: Mapping[str, str], *, has_score: bool = True) -> Framework:
    by_id = {entry.id: entry for entry in controls}
    return Framework(
        id="stub-2022",
        title="Stub standard",
        edition="2022",
        groups=tuple(ControlGroup(id, title) for id, title in groups.items()),
        controls=by_id,
        counted=tuple(id for id, entry in by_id.items() if entry.kind is ControlKind.CONTROL),
        has_score=has_score,
    )


def population(**changes: Any) -> Population:
    plain = Population(
        source="inventory",
        files=("inventory.jsonl",),
        sha256="ab" * 32,
        resources=12,
        types={
            "Microsoft.Storage/storageAccounts": 7,
            "Microsoft.KeyVault/vaults": 3,
            "Microsoft.Web/sites": 2,
        },
        untested_types=("Microsoft.Web/sites",),
        scopes=(ScopeCoverage(f"/subscriptions/{SUBSCRIPTION}", "Contoso Online", "read", 12),),
        has_manifest=True,
        collected_by="platform-reader",
        started_at="2026-11-20T00:00:00Z",
        ended_at="2026-11-20T00:12:00Z",
        unreadable=0,
        without_properties=0,
        stale=False,
        partial=False,
    )
    return replace(plain, **changes)


def run(
    results: Sequence[ControlResult],
    findings: Sequence[Finding] = (),
    *,
    of: Framework | None = None,
    **changes: Any,
) -> Run:
    """A run whose numbers follow from its results and findings."""
    counted = [entry for entry in results if of and entry.control.id in of.counted]
    applicable = [entry for entry in counted if entry.state is not ControlState.EXCLUDED]
    tested = [entry for entry in applicable if entry.tested in _DECIDING]
    clear = [entry for entry in tested if entry.tested in (Tested.PASS, Tested.SUPPORT)]
    failing = {found.state.resource.id for found in findings if found.pair is Pair.NON_COMPLIANT}
    of_population: Population = changes.pop("population", None) or population()
    pairs = {pair: sum(found.pair is pair for found in findings) for pair in Pair}
    pairs[Pair.COMPLIANT] = changes.pop("compliant", 25)
    plain = Run(
        run_id="run-0123456789ab",
        tool_version="0.1.0",
        now=NOW,
        blueprint="stub-baseline",
        blueprint_version="1.2.0",
        blueprint_title="Contoso Online, production",
        assignment="",
        framework=of,
        population=of_population,
        results=tuple(results),
        state_counts={state: sum(entry.state is state for entry in counted) for state in ControlState},
        coverage=Fraction(len(tested), len(applicable)),
        score=Fraction(len(clear), len(tested)),
        score_shown=bool(tested),
        resource_score=Fraction(of_population.resources - len(failing), of_population.resources),
        pair_counts=pairs,
        findings=tuple(findings),
        findings_total=len(findings),
        exemptions=(),
        policies_evaluated=len({found.state.assigned.definition.id for found in findings}) + 3,
        pairs_decided=sum(pairs.values()) - pairs[Pair.UNSUPPORTED],
        unmapped_policies=(),
        not_run_live_only=0,
        template_only=False,
    )
    return replace(plain, **changes)


def exemption(name: str, expires_on: date, **changes: Any) -> Exemption:
    plain = Exemption(
        name=name,
        scope=f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-shop-prod",
        assignment="contoso-prod",
        policies=("storage-https-only",),
        controls=(),
        category=ExemptionCategory.WAIVER,
        reason="the partner needs plain FTP until the migration",
        owner="storage-team@contoso.example",
        approved_by="ciso@contoso.example",
        ticket="RISK-123",
        evidence=(),
        expires_on=expires_on,
        position=Position("registers/exemptions.yaml", 3, 5),
    )
    return replace(plain, **changes)


HTTPS = definition("storage-https-only", "Storage accounts accept HTTPS only", PolicySeverity.HIGH)
TLS = definition("storage-tls-1-2", "Storage accounts require TLS 1.2", PolicySeverity.MEDIUM)
PURGE = definition("vault-purge-protection", "Key vaults have purge protection", PolicySeverity.HIGH)
RDP = definition("network-no-rdp", "No inbound RDP from the Internet", PolicySeverity.CRITICAL)
SITES = definition("web-https-only", "Web apps accept HTTPS only", PolicySeverity.LOW)


def small() -> Run:
    """Nine states in eleven entries, two of them clauses; five findings of every kind."""
    controls = {
        "A.5.1": control("A.5.1", "Policies for information security", automation=AutomationClass.MANUAL),
        "A.5.9": control("A.5.9", "Inventory of assets", automation=AutomationClass.PARTIAL),
        "A.6.3": control("A.6.3", "Awareness and training", automation=AutomationClass.MANUAL),
        "A.7.1": control("A.7.1", "Physical perimeters", automation=AutomationClass.INHERITED_AND_ATTESTED),
        "A.8.5": control("A.8.5", "Secure authentication"),
        "A.8.13": control("A.8.13", "Information backup"),
        "A.8.20": control("A.8.20", "Networks security"),
        "A.8.24": control("A.8.24", "Use of cryptography", automation=AutomationClass.PARTIAL),
        "A.8.30": control("A.8.30", "Outsourced development", automation=AutomationClass.MANUAL),
        "4.1": control(
            "4.1", "The organisation and its context", kind=ControlKind.CLAUSE, reason="people only"
        ),
        "9.2": control("9.2", "Internal audit", kind=ControlKind.CLAUSE, automation=AutomationClass.MANUAL),
    }
    groups = {"4": "Context", "9": "Performance", "A.5": "Organizational", "A.6": "People", "A.7": "Physical"}
    of = framework(controls.values(), {**groups, "A.8": "Technological"})
    shop = resource(
        "Microsoft.Storage/storageAccounts", "stshop", line=3, properties={"publicNetworkAccess": "Enabled"}
    )
    logs = resource("Microsoft.Storage/storageAccounts", "stlogs", group="rg-logs", line=4)
    sftp = resource("Microsoft.Storage/storageAccounts", "stsftp", subscription=OTHER_SUBSCRIPTION, line=5)
    vault = resource("Microsoft.KeyVault/vaults", "kv-shop", line=9)
    results = [
        result(controls["A.5.1"], ControlState.NOT_AUTOMATED, reasons=("no attestation",)),
        result(controls["A.5.9"], ControlState.INCOMPLETE, Tested.SUPPORT, reasons=("attestation missing",)),
        result(
            controls["A.6.3"],
            ControlState.ATTESTED,
            attested=Attested.PASS,
            reasons=("attested until 2027-10-01",),
        ),
        result(controls["A.7.1"], ControlState.INHERITED, attested=Attested.PASS, inherited=Inherited.PASS),
        result(
            controls["A.8.5"],
            ControlState.SATISFIED,
            Tested.PASS,
            links=(link("A.8.5", SITES, LinkOutcome.PASS, {Pair.COMPLIANT: 2}),),
            judged=2,
            applicable=2,
            from_tests=True,
        ),
        result(controls["A.8.13"], ControlState.NO_RESOURCES, Tested.EMPTY, reasons=("no backup vault",)),
        result(
            controls["A.8.20"],
            ControlState.AT_RISK,
            Tested.WAIVED,
            links=(link("A.8.20", TLS, LinkOutcome.WAIVED, {Pair.WAIVED: 1, Pair.COMPLIANT: 6}),),
            reasons=("1 of 7 resources rests on the waiver `legacy-sftp`",),
            judged=7,
            applicable=7,
            waived_only=True,
        ),
        result(
            controls["A.8.24"],
            ControlState.GAP,
            Tested.FAIL,
            severity=PolicySeverity.HIGH,
            reasons=("2 of 7 resources fail `Storage accounts accept HTTPS only`",),
            flags=("mismatch",),
            links=(
                link("A.8.24", HTTPS, LinkOutcome.FAIL, {Pair.NON_COMPLIANT: 2, Pair.COMPLIANT: 5}),
                link(
                    "A.8.24",
                    PURGE,
                    LinkOutcome.BLOCKED,
                    {Pair.UNSUPPORTED: 1, Pair.COMPLIANT: 2},
                    strength=Strength.PARTIAL,
                    why="a precondition of key management",
                    reason="1 of 3 undecided: no-properties",
                ),
            ),
            judged=9,
            applicable=10,
            failing=2,
            from_tests=True,
        ),
        result(controls["A.8.30"], ControlState.EXCLUDED, reasons=("nothing is outsourced",)),
        result(controls["4.1"], ControlState.NOT_AUTOMATED),
        result(controls["9.2"], ControlState.ATTESTED, attested=Attested.PASS),
    ]
    https = {"expected": "true", "path": "properties.supportsHttpsTrafficOnly"}
    findings = [
        finding(HTTPS, logs, ["A.8.24"], actual="absent", **https),
        finding(HTTPS, shop, ["A.8.24"], actual="false", first_seen="2026-11-08", **https),
        finding(
            PURGE,
            vault,
            ["A.8.24"],
            pair=Pair.UNSUPPORTED,
            reason=UnsupportedReason.NO_PROPERTIES,
            detail="the record has no `properties`",
            alias_source=AliasSource.NONE,
        ),
        finding(
            TLS,
            sftp,
            ["A.8.20"],
            pair=Pair.WAIVED,
            expected="is TLS1_2",
            actual="TLS1_0",
            path="properties.minimumTlsVersion",
            exemption="legacy-sftp",
            assignment_id=f"/subscriptions/{OTHER_SUBSCRIPTION}/providers/Microsoft.Authorization/policyAssignments/a",
            reference_id="tls",
        ),
    ]
    return run(
        results,
        findings,
        of=of,
        exemptions=(
            ExemptionUse(exemption("legacy-sftp", date(2027, 3, 31)), "used", 1),
            ExemptionUse(exemption("old-vault", date(2026, 11, 19), owner=""), "expired", 2),
        ),
        unmapped_policies=("Allowed locations",),
        not_run_live_only=1,
        diagnostics=(
            warning(
                "BP230", "`kv-shop` has no `properties`", Position("inventory.jsonl", 9, 1), "export it whole"
            ),
        ),
        headline=(
            "1 of 4 tested controls has an open finding, and it is high.",
            "4 of 8 applicable controls could be decided by tests; 4 could not.",
        ),
    )


_TITLES = {
    "A.5.9": "Inventory of information and other associated assets",
    "A.5.15": "Access control",
    "A.5.23": "Information security for use of cloud services",
    "A.8.2": "Privileged access rights",
    "A.8.3": "Information access restriction",
    "A.8.5": "Secure authentication",
    "A.8.9": "Configuration management",
    "A.8.12": "Data leakage prevention",
    "A.8.13": "Information backup",
    "A.8.15": "Logging",
    "A.8.20": "Networks security",
    "A.8.22": "Segregation of networks",
    "A.8.24": "Use of cryptography",
    "A.8.26": "Application security requirements",
    "A.8.32": "Change management",
}
_SIZES = {"A.5": 37, "A.6": 8, "A.7": 14, "A.8": 34}
_THEMES = {
    "A.5": "Organizational controls",
    "A.6": "People controls",
    "A.7": "Physical controls",
    "A.8": "Technological controls",
}
_CLAUSES = ("4.1", "4.2", "5.1", "5.2", "6.2", "7.2", "8.1", "9.2", "9.3", "10.1")


def medium(failures: int = 40) -> Run:
    """93 controls in four themes with ten clauses, in every state; `failures` resources fail per gap."""
    ids = [f"{theme}.{number}" for theme, size in _SIZES.items() for number in range(1, size + 1)]
    controls = {id: control(id, _TITLES.get(id, f"Title of {id}"), automation=_automation(id)) for id in ids}
    clauses = {
        id: control(id, f"Clause {id}", kind=ControlKind.CLAUSE, automation=AutomationClass.MANUAL)
        for id in _CLAUSES
    }
    themes = {
        **{number: f"Clause {number}" for number in dict.fromkeys(c.split(".")[0] for c in _CLAUSES)},
        **_THEMES,
    }
    of = framework([*controls.values(), *clauses.values()], themes)
    gap_rules = {
        "A.8.20": (RDP, "rdp-open", "properties.securityRules[0].properties.sourceAddressPrefix"),
        "A.8.24": (HTTPS, "stshop", "properties.supportsHttpsTrafficOnly"),
        "A.8.26": (SITES, "app-shop", "properties.httpsOnly"),
        "A.8.13": (PURGE, "kv-shop", "properties.enablePurgeProtection"),
        "A.5.23": (HTTPS, "stshop", "properties.supportsHttpsTrafficOnly"),
    }
    types = {
        RDP.name: "Microsoft.Network/networkSecurityGroups",
        HTTPS.name: "Microsoft.Storage/storageAccounts",
        SITES.name: "Microsoft.Web/sites",
        PURGE.name: "Microsoft.KeyVault/vaults",
    }
    rules = [{"properties": {"access": "Allow", "direction": "Inbound", "sourceAddressPrefix": "*"}}]
    findings: dict[str, Finding] = {}
    for id, (policy, name, path) in gap_rules.items():
        for number in range(failures if policy is HTTPS else max(failures // 10, 1)):
            on = resource(
                types[policy.name],
                f"{name}{number:03}",
                group=f"rg-{name}",
                subscription=(SUBSCRIPTION, OTHER_SUBSCRIPTION)[number % 2],
                line=number + 1,
                properties={"securityRules": rules} if policy is RDP else {"publicNetworkAccess": "Enabled"},
            )
            key = f"{policy.name} {on.id}"
            linked = (*findings[key].controls, id) if key in findings else (id,)
            findings[key] = finding(policy, on, linked, expected="is true", actual="false", path=path)
    severities = list(PolicySeverity)
    ordered = sorted(
        findings.values(), key=lambda f: (severities.index(f.severity), f.controls, f.state.resource.id)
    )
    results = [_medium_result(entry, gap_rules, failures) for entry in controls.values()]
    results += [
        result(entry, ControlState.ATTESTED if id == "9.2" else ControlState.NOT_AUTOMATED)
        for id, entry in clauses.items()
    ]
    uses = tuple(
        ExemptionUse(
            exemption(f"waiver-{number:02}", date(2026, 11 + number % 2, 1 + number)), status, number
        )
        for number, status in enumerate(("used", "expired", "needless", "ending", "unmatched"))
    )
    return run(
        results,
        ordered,
        of=of,
        compliant=9120,
        population=population(
            resources=1284,
            unreadable=3,
            partial=True,
            types={f"Microsoft.Example/type{number:02}": 40 - number for number in range(30)},
            untested_types=tuple(f"Microsoft.Example/type{number:02}" for number in range(18, 30)),
            scopes=(
                ScopeCoverage(f"/subscriptions/{SUBSCRIPTION}", "Contoso Online", "read", 900),
                ScopeCoverage(f"/subscriptions/{OTHER_SUBSCRIPTION}", "Contoso Data", "read", 384),
                ScopeCoverage(
                    "/subscriptions/33333333-3333-3333-3333-333333333333", "Lab", "refused", 0, "403"
                ),
            ),
        ),
        policies_evaluated=131,
        exemptions=uses,
        unmapped_policies=("Allowed locations", "Inherit a tag from the resource group"),
        not_run_live_only=4,
        diagnostics=tuple(
            warning("BP231", f"record {number} could not be read", Position("inventory.jsonl", number, 1))
            for number in (17, 311, 902)
        ),
        headline=(
            "The population is incomplete: 1 of 3 scopes and 3 records could not be read.",
            "1,284 resources in 2 subscriptions looked at, collected until 2026-11-20 00:12 UTC by platform-reader.",
            "5 of 15 tested controls fail a test, 1 of them critically.",
            "15 of 88 applicable controls could be decided by tests of configuration; 73 could not.",
            "Start with “No inbound RDP from the Internet” (critical): 4 resources and 1 control.",
            "1 exemption has expired.",
        ),
    )


def _automation(id: str) -> AutomationClass:
    if id.startswith("A.7."):
        return AutomationClass.INHERITED_AND_ATTESTED
    if id.startswith("A.8."):
        return AutomationClass.PARTIAL if int(id.rsplit(".", 1)[1]) % 2 else AutomationClass.TECHNICAL
    return AutomationClass.MANUAL


def _medium_result(
    of: Control, gaps: Mapping[str, tuple[PolicyDefinition, str, str]], failures: int
) -> ControlResult:
    id = of.id
    number = int(id.rsplit(".", 1)[1])
    passing = (link(id, TLS, LinkOutcome.PASS, {Pair.COMPLIANT: 300 + number}),)
    if id in gaps:
        policy = gaps[id][0]
        failing = failures if policy is HTTPS else max(failures // 10, 1)
        failed = link(id, policy, LinkOutcome.FAIL, {Pair.NON_COMPLIANT: failing, Pair.COMPLIANT: 310})
        said = f"{failing} of {310 + failing} resources fail `{policy.display_name}`"
        return result(
            of,
            ControlState.GAP,
            Tested.FAIL,
            severity=policy.severity,
            reasons=(said,),
            flags=("mismatch",) if id == "A.8.24" else (),
            links=(failed, *passing),
            judged=310 + failing,
            applicable=312 + failing,
            failing=failing,
            from_tests=True,
        )
    if id == "A.5.2":
        declared = "the Statement of Applicability declares it not implemented"
        return result(of, ControlState.GAP, declared_gap=True, reasons=(declared,))
    if id.startswith("A.8."):
        if number in (2, 3, 5, 9, 19):
            return result(of, ControlState.SATISFIED, Tested.PASS, links=passing, judged=300, applicable=300)
        if number in (15, 22):
            waived = (link(id, TLS, LinkOutcome.WAIVED, {Pair.WAIVED: 2, Pair.COMPLIANT: 100}),)
            said = "2 of 102 resources rest on a waiver that ends 2026-12-01"
            return result(
                of,
                ControlState.AT_RISK,
                Tested.WAIVED,
                links=waived,
                reasons=(said,),
                judged=102,
                applicable=102,
            )
        if number in (7, 16, 17):
            said = "tests pass in part, and the attestation is missing"
            return result(
                of,
                ControlState.INCOMPLETE,
                Tested.SUPPORT,
                links=passing,
                reasons=(said,),
                judged=90,
                applicable=90,
            )
        if number in (1, 12):
            blocked = (
                link(
                    id,
                    PURGE,
                    LinkOutcome.BLOCKED,
                    {Pair.UNSUPPORTED: 4},
                    reason="4 of 4 undecided: no-properties",
                ),
            )
            said = "4 of 4 resources could not be decided: no-properties"
            return result(
                of, ControlState.INCOMPLETE, Tested.UNDECIDED, links=blocked, reasons=(said,), applicable=4
            )
        if number in (6, 14):
            return result(
                of, ControlState.NO_RESOURCES, Tested.EMPTY, reasons=("no resource of a tested type",)
            )
        if number == 30:
            return result(
                of,
                ControlState.EXCLUDED,
                reasons=("nothing is outsourced; ciso@contoso.example, 2026-10-01",),
            )
    if id.startswith("A.7.") and number <= 11:
        return result(
            of,
            ControlState.INHERITED,
            attested=Attested.PASS,
            inherited=Inherited.PASS,
            reasons=("certificate until 2027-06-30",),
        )
    if id.startswith("A.6."):
        return result(
            of,
            ControlState.ATTESTED,
            attested=Attested.PASS,
            reasons=("attested by hr@contoso.example until 2027-10-01",),
        )
    if id in ("A.5.33", "A.5.35", "A.5.36", "A.5.37"):
        return result(of, ControlState.EXCLUDED, reasons=("justified in the Statement of Applicability",))
    return result(of, ControlState.NOT_AUTOMATED, reasons=("no test, no attestation",))


HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(2)>',
    '=HYPERLINK("http://evil.example","click")',
    "\x1b[31mred\x1b[0m\x07",
    "a|b **bold** [link](http://evil.example) `code` @everyone",
    "\u202egpj.exe\u202c\u200b",
    "{{ 7*7 }} {% raw %} {#",
    "javascript:alert(3)",
    "</style></details></table>",
    'line one\nline two\r\n, "quoted"',
    "[red]markup[/red] :bomb:",
    "half a character \ud800",
)


def declared(
    results: Sequence[ControlResult], findings: Sequence[Finding], *, text: str, **changes: Any
) -> Run:
    """A run with registers, another edition and earlier runs; every text that people write is `text`."""
    of: Framework = changes["of"]
    ids = list(of.controls)
    plain = run(results, findings, **changes)
    proof = (
        Evidence(text, text, "ab" * 32, True),
        Evidence(text, text, "", None),
        Evidence(text, text, "", False),
    )
    attestation = Attestation(
        control=ids[0],
        policy="",
        framework=of.id,
        scope=f"/subscriptions/{SUBSCRIPTION}",
        state=AttestationState.COMPLIANT,
        owner=text,
        approved_by=text,
        method="examine",
        assessed_on=date(2026, 10, 1),
        expires_on=date(2026, 12, 1),
        comments=text,
        evidence=proof,
        position=Position("registers/attestations.yaml", 3, 5),
    )
    certificate = InheritedEvidence(
        id=text,
        kind="certificate",
        standard=of.id,
        provider=text,
        clouds=("AzureCloud",),
        services={"Microsoft.Storage": "in", text: "out"},
        controls=(ids[1],),
        valid_from=date(2026, 1, 1),
        valid_to=None,
        where=text,
        sha256="cd" * 32,
        reviewed_by=text,
        reviewed_on=date(2026, 6, 1),
        position=Position("registers/inherited.yaml", 3, 5),
    )
    entries = {
        id: SoaEntry(
            control=id,
            applicable=number % 7 != 3,
            reasons=("risk",),
            risk_refs=(text,),
            status=("implemented", "planned", "partial", "")[number % 4],
            by=date(2026, 11, 1) if number % 4 == 1 else None,
            owner=text,
            how=text,
            evidence=proof,
            review_on=date(2027, 1, 1),
            justification=text,
            approver=text,
            approved_on=date(2026, 1, 1),
        )
        for number, id in enumerate(ids)
    }
    other = replace(
        framework([control("A.9.1", text), control("A.9.2", text)], {"A.9": text}),
        id="stub-2013",
        edition="2013",
        mappings=(
            ControlMapping(of.id, "A.9.1", ids[0], "merge"),
            ControlMapping(of.id, "A.9.1", ids[1], "split"),
        ),
    )
    points = tuple(
        TrendPoint(
            f"run-{number}",
            datetime(2026, 11, 1 + number, 6, 0, tzinfo=UTC),
            plain.state_counts,
            plain.coverage,
            plain.score,
            10 - number,
            number,
            2,
            1,
            12,
            number != 2,
        )
        for number in range(4)
    )
    comparison = Comparison(
        "run-3",
        datetime(2026, 11, 4, 6, 0, tzinfo=UTC),
        False,
        text,
        (text,),
        (ControlChange(ids[0], ControlState.SATISFIED, ControlState.GAP),),
        tuple(FindingChange(change, "p", text, PolicySeverity.HIGH, text, (ids[0],)) for change in Change),
    )
    return replace(
        plain,
        pack_sha256="ef" * 32,
        attestations=(
            AttestationUse(attestation, Attested.ENDING, text, (ids[0],)),
            AttestationUse(
                replace(attestation, control="", policy=text), Attested.FAIL, text, (ids[0],), superseded=True
            ),
        ),
        certificates=(
            CertificateUse(
                certificate, Inherited.LAPSED, text, {"Microsoft.Storage": "in", text: "not-stated"}
            ),
        ),
        statement=Statement(of.id, text, entries),
        related=(other,),
        trend=points,
        comparison=comparison,
    )


def full() -> Run:
    """The medium run with everything that people declare and that earlier runs add."""
    plain = medium()
    aged = tuple(replace(found, first_seen="2026-11-08") for found in plain.findings)
    whole = declared(plain.results, plain.findings, text="as agreed in review", of=plain.framework)
    fields = ("pack_sha256", "attestations", "certificates", "statement", "related", "trend", "comparison")
    return replace(plain, findings=aged, **{name: getattr(whole, name) for name in fields})


def hostile() -> Run:
    """Everything that comes from outside is called something harmful."""
    controls = {f"A.8.{n}": control(f"A.8.{n}", text, reason=text) for n, text in enumerate(HOSTILE)}
    odd = 'A.9 "><b onclick=x>'
    controls[odd] = replace(control("A.9.1", HOSTILE[0]), id=odd, group=HOSTILE[8])
    of = replace(
        framework(controls.values(), {"A.8": HOSTILE[0], HOSTILE[8]: HOSTILE[1]}),
        title=HOSTILE[0],
        edition="<2>",
    )
    results = []
    findings = []
    for number, (id, entry) in enumerate(controls.items()):
        text = HOSTILE[number % len(HOSTILE)]
        policy = definition(f"p{number}<i>", text, PolicySeverity.HIGH)
        on = resource(f"Microsoft.X/{text}", text, group=text, subscription=text, file=text, line=1)
        state = tuple(ControlState)[number % len(ControlState)]
        failing = link(id, policy, LinkOutcome.FAIL, {Pair.NON_COMPLIANT: 1}, why=text, reason=text)
        results.append(
            result(
                entry,
                state,
                Tested.FAIL,
                severity=PolicySeverity.HIGH,
                reasons=(text,),
                flags=(text,),
                links=(failing,),
                judged=1,
                applicable=1,
                failing=1,
            )
        )
        findings.append(
            finding(
                policy,
                on,
                [id],
                expected=text,
                actual=text,
                path=text,
                exemption=text,
                first_seen=text,
                effect=text,
            )
        )
        findings.append(
            finding(policy, on, [id], pair=Pair.UNSUPPORTED, reason=UnsupportedReason.LIMIT, detail=text)
        )
    return declared(
        results,
        findings,
        text=HOSTILE[0],
        of=of,
        population=population(
            source=HOSTILE[0],
            files=HOSTILE,
            types=dict.fromkeys(HOSTILE, 1),
            untested_types=HOSTILE,
            scopes=tuple(ScopeCoverage(text, text, text, 1, text) for text in HOSTILE),
            collected_by=HOSTILE[1],
            ended_at=HOSTILE[3],
            partial=True,
        ),
        blueprint=HOSTILE[0],
        blueprint_title=HOSTILE[1],
        blueprint_version=HOSTILE[2],
        assignment=HOSTILE[3],
        headline=HOSTILE,
        unmapped_policies=HOSTILE,
        exemptions=tuple(
            ExemptionUse(
                exemption(
                    text, date(2027, 1, 1), reason=text, owner=text, approved_by=text, ticket=text, scope=text
                ),
                status,
                1,
            )
            for text, status in zip(HOSTILE, ("used", "expired", "ending", "needless") * 3, strict=False)
        ),
        diagnostics=tuple(warning("BP200", text, Position(text, 1, 1), text) for text in HOSTILE),
    )


def empty() -> Run:
    """A framework, and nothing evaluated: no green anywhere."""
    base = small()
    assert base.framework is not None
    results = [result(entry, ControlState.NOT_AUTOMATED) for entry in base.framework.controls.values()]
    nothing = population(
        resources=0, types={}, untested_types=(), scopes=(), has_manifest=False, ended_at="", collected_by=""
    )
    return run(
        results,
        of=base.framework,
        population=nothing,
        compliant=0,
        policies_evaluated=0,
        headline=("Nothing was evaluated.",),
    )


def without_framework() -> Run:
    """Policies against a template: findings, no controls."""
    findings = [replace(found, controls=()) for found in small().findings]
    return run(
        (),
        findings,
        blueprint="",
        blueprint_version="",
        blueprint_title="",
        template_only=True,
        population=population(source="template", files=("main.json",), scopes=()),
        headline=("2 failures on 2 of 12 resources.",),
    )
