"""Bicep files, compiled by the Bicep CLI of whoever runs this; none is shipped, and none is fetched.

What comes back is the compiled template, so positions point into that and not into the Bicep file: its document is
named `main.bicep (compiled)`. Source: Microsoft Learn, "Bicep CLI commands", sections on `build` and
`build-params`.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from blueprinter.casing import fold
from blueprinter.diagnostics import Diagnostic, InvalidInput, Position, error
from blueprinter.document import Document, Json, parse

SUFFIXES = frozenset({".bicep", ".bicepparam"})
TIMEOUT = 300
"""Seconds for one call: the first one of a file may restore modules from registries."""

_MARK = " (compiled)"
_MOST_FAULTS = 50
_FAULT = re.compile(
    r"(?P<file>.+)\((?P<line>\d+),(?P<column>\d+)\) : Error (?P<code>\w+): (?P<message>.*?)(?: \[\S+\])?\s*"
)


class CompiledParameters(Struct, frozen=True):
    """What a `.bicepparam` file gives: values for parameters, and the template that its `using` names, if any."""

    parameters: Document
    template: Document | None


def is_bicep(path: Path) -> bool:
    """Whether a file must be compiled before it is read."""
    return fold(path.suffix) in SUFFIXES


def source_of(file: str) -> str:
    """The Bicep file that a compiled document was made of; any other file is its own source."""
    return file.removesuffix(_MARK)


def compile_bicep(path: Path) -> Document:
    """The template that a `.bicep` file compiles to.

    Raises `InvalidInput`: BP536 where there is no Bicep CLI, BP537 with every fault that it finds.
    """
    return parse(_run(path, "build"), f"{path}{_MARK}")


def compile_bicep_parameters(path: Path) -> CompiledParameters:
    """The values that a `.bicepparam` file gives, and its template. Raises `InvalidInput` as `compile_bicep` does."""
    answer = parse(_run(path, "build-params"), f"{path}{_MARK}").value
    values, template = (_member(answer, name) for name in ("parametersJson", "templateJson"))
    if values is None:
        raise InvalidInput([error("BP537", "the Bicep CLI gave no parameters", Position(str(path)))])
    return CompiledParameters(
        parse(values, f"{path}{_MARK}"),
        parse(template, f"{path}{_MARK}") if template is not None else None,
    )


def _member(answer: Json, name: str) -> str | None:
    value = answer.get(name) if isinstance(answer, dict) else None
    return value if isinstance(value, str) else None


def _run(path: Path, verb: str) -> bytes:
    """What the Bicep CLI prints for a file."""
    where = Position(str(path))
    if not path.is_file():
        raise InvalidInput([error("BP101", f"`{path}`: no such file", where, "is the path right?")])
    command = _command(path.resolve(), verb)
    if command is None:
        hint = "install it (`az bicep install`), or compile elsewhere: `bicep build FILE`, then pass the JSON"
        raise InvalidInput([error("BP536", "the Bicep CLI is not installed", where, hint)])
    done = _called(command, where)
    if done.returncode != 0:
        raise InvalidInput(_faults(done.stderr.decode("utf-8", "replace"), where))
    return done.stdout


def _command(path: Path, verb: str) -> Sequence[str] | None:
    """The command line: `bicep` on the PATH, else the one that `az bicep install` puts into az's own folder, else
    `az bicep` where it says that it has one."""
    own = Path(os.environ.get("AZURE_CONFIG_DIR") or Path.home() / ".azure") / "bin" / "bicep"
    bicep = shutil.which("bicep") or (str(own) if os.access(own, os.X_OK) else None)
    if bicep is not None:
        return (bicep, verb, "--stdout", str(path))
    az = shutil.which("az")
    if az is not None and _called((az, "bicep", "version"), Position(str(path))).returncode == 0:
        return (az, "bicep", verb, "--stdout", "--file", str(path))
    return None


def _called(command: Sequence[str], where: Position) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT, check=False
        )
    except subprocess.TimeoutExpired as found:
        message = f"the Bicep CLI did not finish within {TIMEOUT} seconds"
        raise InvalidInput([error("BP537", message, where)]) from found
    except OSError as found:
        reason = (found.strerror or "it cannot be run").lower()
        raise InvalidInput([error("BP537", f"`{command[0]}` cannot be run: {reason}", where)]) from found


def _faults(printed: str, where: Position) -> Iterator[Diagnostic]:
    """The errors that the compiler prints, each at its place in the Bicep file."""
    found = [match for match in map(_FAULT.fullmatch, printed.splitlines()) if match is not None]
    for match in found[:_MOST_FAULTS]:
        line, column = int(match["line"]), int(match["column"])
        file = where.file if Path(match["file"]).name == Path(where.file).name else match["file"]
        place = Position(file, line, column, line, column)
        yield error("BP537", f"{match['code']}: {match['message'].rstrip('.')}", place)
    if not found:
        said = next((line.strip() for line in printed.splitlines() if line.strip()), "no reason given")
        yield error("BP537", f"the Bicep CLI failed: {said[:500].rstrip('.')}", where)
