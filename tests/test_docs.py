"""The pages of `docs/`: their code runs, the reference is the parser's own, the site builds."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import skip_or_fail

import made_up
import make_cli

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(path.name for path in DOCS.glob("*.md"))
# Blocks that tests run; others are `console`, `sql` or `text`, which show something.
_BLOCK = re.compile(r"^```(python|sh)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def script(page: str) -> str:
    """Return the code of a page, its shell blocks as calls of bash."""
    parts = []
    for language, code in _BLOCK.findall((DOCS / page).read_text(encoding="utf-8")):
        if language == "sh":
            words = ["bash", "-euo", "pipefail", "-c", code]
            code = f"__import__('subprocess').run({words!r}, check=True)"
        parts.append(code)
    return "\n".join(parts)


@pytest.mark.parametrize("page", PAGES)
def test_blocks_of_a_page_run_in_order(page: str, tmp_path: Path) -> None:
    # What pages call the reader's own tables
    made_up.write(str(tmp_path / "news.csv"), 300)
    graded = ((row["headline"], i % 4 // 2) for i, row in enumerate(made_up.rows(80, seed=2)))
    lines = ["headline,sensationalism", *(f'"{headline}",{grade}' for headline, grade in graded)]
    (tmp_path / "graded.csv").write_text("\n".join(lines), encoding="utf-8")
    if page == "spark.md" and not shutil.which("java"):
        skip_or_fail("Spark needs Java")
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    spark = {"SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": sys.executable}
    done = subprocess.run(  # in a process of its own: Spark keeps to the folder it started in
        [sys.executable, "-c", script(page)],
        cwd=tmp_path,
        env={**os.environ, "PATH": path, **spark},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr


def test_the_reference_is_what_the_command_line_says_of_itself() -> None:
    assert (DOCS / "cli.md").read_text(encoding="utf-8") == make_cli.reference(), (
        "run python docs/make_cli.py"
    )


def test_the_site_builds_and_strict_means_without_a_warning(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    for page in PAGES:
        name = page.removesuffix(".md")
        made = tmp_path / ("index.html" if name == "index" else f"{name}/index.html")
        assert made.is_file()
    assert "score_many" in (tmp_path / "api" / "index.html").read_text(encoding="utf-8")
