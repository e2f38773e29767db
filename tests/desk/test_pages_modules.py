"""The pages' modules: they parse, their types agree, what they compute is right, and nothing in them is inline.

The arithmetic is tested by `tests/desk/pages/*.test.mjs` in Node.js; types where TypeScript's compiler is on
the path (`tsc`), since it is no dependency of the product.
"""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

HERE: Final = Path(__file__).resolve().parent / "pages"
STATIC: Final = Path(__file__).resolve().parents[2] / "acd" / "desk" / "static"
VENDOR: Final = STATIC / "vendor"
MODULES: Final = sorted(path for path in STATIC.rglob("*.js") if VENDOR not in path.parents)
STYLES: Final = sorted(path for path in STATIC.rglob("*.css") if VENDOR not in path.parents)
DOCUMENTS: Final = sorted(STATIC.glob("*.html"))
RUN_LIMIT_S: Final = 90

needs_libraries = pytest.mark.skipif(
    not (VENDOR / "preact.js").is_file(), reason="the page libraries are not placed: run `make setup`"
)


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a program beside the tests of the pages."""
    return subprocess.run(
        command, cwd=HERE, capture_output=True, text=True, timeout=RUN_LIMIT_S, stdin=subprocess.DEVNULL
    )


@needs_libraries
@pytest.mark.needs("node")
@pytest.mark.parametrize("name", sorted(path.name for path in HERE.glob("*.test.mjs")))
def test_what_the_pages_compute(name: str) -> None:
    done = run("node", "--test", "--test-reporter=spec", name)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"pass [1-9]", done.stdout), done.stdout


@pytest.mark.needs("node")
def test_every_module_parses() -> None:
    broken = {
        path.name: done.stderr
        for path in MODULES
        if (done := run("node", "--check", str(path))).returncode != 0
    }
    assert MODULES and not broken


@pytest.mark.skipif(
    shutil.which("tsc") is None, reason="tsc is not installed (npm install --global typescript)"
)
def test_the_types_agree() -> None:
    done = run("tsc", "--project", "tsconfig.json")
    assert done.returncode == 0, done.stdout


def test_every_import_leads_to_a_file() -> None:
    lost = [
        f"{path.name}: {target}"
        for path in MODULES
        for target in re.findall(r'^(?:import|export)[^;]*? from "([^"]+)";', path.read_text(), re.MULTILINE)
        if VENDOR.name not in target and not (path.parent / target).is_file()
    ]
    assert not lost


def test_every_address_in_a_document_leads_to_a_file() -> None:
    assert len(DOCUMENTS) == 4
    for document in DOCUMENTS:
        for target in re.findall(r'(?:href|src)="/static/([^"]+)"', document.read_text()):
            assert target.startswith("vendor/") or (STATIC / target).is_file(), f"{document.name}: {target}"


def inline_code(document: str) -> list[str]:
    """Return what the security policy would refuse in a document: inline scripts, styles and handlers."""
    return re.findall(r"<script(?![^>]*\bsrc=)[^>]*>|<style|\sstyle=|\son\w+=|javascript:", document)


def test_nothing_in_a_document_is_inline() -> None:
    assert not [found for document in DOCUMENTS for found in inline_code(document.read_text())]
    assert inline_code('<p onclick="x()" style="a">') and inline_code("<script>1</script>")


def test_no_module_writes_html_or_runs_text() -> None:
    forbidden = re.compile(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|dangerouslySet|\beval\(|new Function"
    )
    assert not {path.name: hits for path in MODULES if (hits := forbidden.findall(path.read_text()))}


def test_colours_stand_in_the_tokens_alone() -> None:
    colour = re.compile(r"#[0-9a-fA-F]{3,8}\b|\brgba?\(|\bhsla?\(")
    elsewhere = {
        path.name: hits
        for path in STYLES
        if path.name != "tokens.css" and (hits := colour.findall(path.read_text()))
    }
    assert not elsewhere


def luminance(colour: str) -> float:
    """Return the relative luminance of `#rrggbb`, as WCAG 2 defines it."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, 1 to 21."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


PAIRS: Final = [
    *((ink, ground) for ink in ("ink", "ink-2") for ground in ("canvas", "surface", "surface-2", "surface-3")),
    *((name, f"{name}-soft") for name in ("ready", "talking", "wrap", "rest", "alarm", "repeat")),
    *((name, "surface") for name in ("accent", "ready", "alarm", "wrap", "chart-waiting")),
    ("accent-ink", "accent"), ("accent-ink", "accent-strong"), ("accent", "canvas"), ("accent-strong", "accent-soft"),
    ("alarm-ink", "alarm"), ("surface", "ready"), ("ink", "accent-soft"), ("ink-2", "repeat-soft"), ("ink", "ready-soft"),
]  # fmt: skip


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_on_its_ground_can_be_read(scheme: str) -> None:
    light, dark = (STATIC / "page" / "tokens.css").read_text().split("@media")
    tokens = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", light))
    if scheme == "dark":
        tokens |= dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", dark))
    weak = {
        pair: round(ratio, 2) for pair in PAIRS if (ratio := contrast(tokens[pair[0]], tokens[pair[1]])) < 4.5
    }
    assert not weak
