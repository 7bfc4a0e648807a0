"""The README's code runs as it stands."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from headline_score.streams import writing

README = Path(__file__).parent.parent / "README.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)


def test_python_blocks_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    exec(compile("\n".join(blocks("python")), str(README), "exec"), {"__name__": "readme"})


def test_shell_block_runs(tmp_path: Path) -> None:
    (shell,) = [block for block in blocks("sh") if "headline-score batch" in block]
    titles = [f"{a} {b} over bus routes" for a in ("Mayor", "Council") for b in ("slams", "votes")]
    rows = [f"{title},{3 * ('slams' in title)}" for title in titles * 10]
    (tmp_path / "graded.csv").write_text("\n".join(["headline,sensationalism", *rows]))
    (tmp_path / "news.csv").write_text("\n".join(["title", *titles]))
    (tmp_path / "news.jsonl").write_text("".join(f'{{"title": "{title}"}}\n' for title in titles))
    (tmp_path / "crawl.csv").write_text("title\nMayor slams bus cuts, again\nBus routes cut\n")
    (tmp_path / "news").mkdir()
    pq.write_table(pa.table({"title": titles}), tmp_path / "news" / "a.parquet")
    (tmp_path / "feeds").mkdir()
    (tmp_path / "feeds" / "a.xml").write_text(
        f"<rss version='2.0'><channel><item><title>{titles[0]}</title></item></channel></rss>"
    )
    with writing(str(tmp_path / "b.csv.gz")) as one, writing(str(tmp_path / "c.csv.zst")) as two:
        for file in (one, two):
            file.write("\n".join(["title", *titles]).encode())
    (tmp_path / "a.csv").write_text("\n".join(["title", *titles]))
    commands = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    subprocess.run(
        ["bash", "-euo", "pipefail", "-c", shell],
        cwd=tmp_path,
        env={**os.environ, **commands},
        check=True,
        stdout=subprocess.DEVNULL,
        timeout=120,
    )
    assert (tmp_path / "scored.csv").read_text().startswith("title,clickbait,")
    assert (tmp_path / "rated.csv.errors.csv").read_text().startswith("line,reason\n2,")
    assert pq.read_table(tmp_path / "scored.parquet").num_rows == len(titles)
    assert (tmp_path / "scored.jsonl").read_text().count("\n") == 3 * len(titles)
    assert (tmp_path / "feeds.csv").read_text().startswith("title,link,date,source,clickbait,")
    assert (tmp_path / "mine.npz").is_file()
