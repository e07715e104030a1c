"""The diagnostics of starting a sandbox (BP7xx)."""

from __future__ import annotations

from blueprinter.diagnostics import CodeRow

CODES: tuple[CodeRow, ...] = (
    CodeRow(
        "BP701",
        "the state file is in use",
        "Another sandbox has this state file open. One process writes a state file at a time; end the other one, "
        "or start with a file of its own.",
    ),
    CodeRow(
        "BP702",
        "the file is no state of a sandbox",
        "`--state` names a file that another program wrote, or that is damaged. Name a file that does not exist: "
        "it is made.",
    ),
    CodeRow(
        "BP703",
        "the state file is of another version",
        "The tables of the state file are those of another blueprinter. A sandbox is cheap to fill anew: start "
        "with a new file.",
    ),
    CodeRow(
        "BP704",
        "the state file cannot be opened",
        "The folder does not exist, or this user may not write there.",
    ),
    CodeRow(
        "BP705",
        "a rule of misbehaviour cannot be used",
        "A rule names a fault (throttle, error, drop, drop-after, timeout, timeout-after, slow, break, hide) and, as "
        "members, where and how often: route, method, kind, after, times, probability, status, retry-after, steps.",
        bad="throtle method=GET",
        good="throttle method=GET times=3 retry-after=1",
    ),
    CodeRow(
        "BP706",
        "the server cannot listen there",
        "Another program has the port, or this user may not use it. Choose another with `--port`.",
    ),
    CodeRow(
        "BP707",
        "a file to load cannot be used",
        "`--load` takes inventories (JSON lines, an array, `value` or `data`), policy definitions, policy set "
        "definitions and assignments. A record needs an `id` that names a resource.",
    ),
    CodeRow(
        "BP708",
        "the sandbox's packages are missing",
        "The server needs packages that are not installed by default. In a checkout `pip install -e '.[sandbox]'` or "
        "`make setup` installs them.",
    ),
)
