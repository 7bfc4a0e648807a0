import csv
import datetime
import gzip
import json
import math
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pages import Page, checked
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from test_cli import run, table

import made_up
from headline_score import (
    MissingExtraError,
    Model,
    TableError,
    default_model,
    explain,
    score,
)
from headline_score.highlight import LONGEST_SHOWN
from headline_score.report import write_report
from headline_score.report.columns import month_of
from headline_score.report.corpus import period, read_corpus
from headline_score.report.summaries import by_publisher, drivers, groups, interval, over_time

TARGETS = ("clickbait", "speculation", "sensationalism")
PLAIN, BAIT = "Harbour board approves ferry timetable", "You won't BELIEVE what this ferry did!"
RTL = "\u202e"
HOSTILE = [
    "<script>alert('ferry')</script> fiasco may SHOCK you",
    "\"><img src=x onerror=alert(1)> 'quoted' & shocking ferry",
    "</style></script></body><h1>You won't believe this ferry",
    f"Ferry {RTL}oibmal fiasco\u2066 shocks \u200fharbour",
    "Ferry\x00 \x1b[31mfiasco\x07 may\x85 shock\tthe\u2028island",
    "😱🔥 Ferry fiasco shocks 港口 \U0001f1ec\U0001f1e7",
    "&lt;b&gt; may &amp;lt; &#60;script&#62; shock {{ 7 * 7 }} {% raw %}",
    "shocking " * 120_000,
]


def written(
    directory: Path, rows: list[dict[str, object]], model: Model | None = None, **more: Any
) -> Page:
    """Return the page on these rows."""
    data, page = table(directory / "news.csv", rows), directory / "page.html"
    write_report([(str(data), "csv")], str(page), model or default_model(), **more)
    return checked(page.read_text(encoding="utf-8"))


def section(page: Page, identifier: str) -> Page | None:
    found = [e for e in page.all("section") if e.attributes["aria-labelledby"] == identifier]
    return found[0] if found else None  # type: ignore[return-value]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("corpus") / "news.csv"
    made_up.write(str(path), 1500)
    return path


@pytest.fixture(scope="module")
def page(corpus: Path) -> Page:
    path = corpus.with_name("page.html")
    done = run("report", corpus, "-o", path, "--title", "The <Coast>")
    assert done.stderr.startswith("1,500 rows, 0 of them without a headline, 0 with")
    return checked(path.read_text(encoding="utf-8"))


def test_a_page_has_all_its_parts(page: Page) -> None:
    assert page.all("title")[0].text == page.all("h1")[0].text == "The <Coast>"
    assert "1,500 headlines of 8 publishers, 2029-01 to 2030-12" in page.text
    for part in ("at-a-glance", "reading", "distributions", "publishers", "time", "telling"):
        assert section(page, part)
    assert section(page, "terms")
    assert section(page, "limits")
    assert len(page.all("svg")) == 4 * len(TARGETS)
    assert "By the column “outlet”" in page.text
    assert "by the column “date”" in page.text
    for said in ("2026.11", "headline-score report", "news.csv"):
        assert said in page.all("footer")[0].text


def test_charts_have_their_figures_in_tables(page: Page) -> None:
    captions = [e.text for e in page.all("caption")]
    assert len(captions) == 3 + len(TARGETS)  # strengths, publishers, months; and terms
    for outlet in made_up.OUTLETS:
        assert outlet in page.text
    names = [e.text for e in page.all("svg")]
    assert sum("Daily Foghorn" in name for name in names) == len(TARGETS)


def test_the_loudest_outlet_leads_its_ranking(page: Page) -> None:
    [ranking] = [
        e
        for e in page.all("svg")
        if e.attributes["aria-label"].startswith("Mean sensationalism of")
    ]
    assert re.search("|".join(made_up.OUTLETS), ranking.text)[0] == "Daily Foghorn"  # type: ignore[index]


def test_telling_headlines_have_their_words_marked(page: Page) -> None:
    headlines = page.all("p", "headline")
    assert len(headlines) == 8 * len(TARGETS)
    marks = [e for e in page.all("mark") if any(p in headlines for p in e.parents)]
    assert {"hs-up3", "hs-down1"} <= {c for m in marks for c in m.attributes["class"].split()}
    loud = {m.text.lower() for m in marks if "hs-up3" in m.attributes["class"]}
    assert {"shocking", "fiasco"} & loud


def test_the_same_input_gives_the_same_bytes(corpus: Path) -> None:
    first = corpus.with_name("page.html").read_bytes()
    assert run("report", corpus, "-o", corpus.with_name("page.html"), "--title", "The <Coast>")
    assert corpus.with_name("page.html").read_bytes() == first
    run("report", corpus, "-o", corpus.with_name("other.html"))
    assert corpus.with_name("other.html").read_bytes() != first


def test_hostile_headlines_and_publishers_are_text(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"title": text, "source": f"$x^{i}$ {text[:60]}", "date": "2031-04"}
        for i, text in enumerate(HOSTILE)
    ]
    rows += [{"title": PLAIN, "source": HOSTILE[0], "date": HOSTILE[0]} for _ in range(40)]
    page = written(tmp_path, rows, title=HOSTILE[1])
    assert page.all("h1")[0].text == HOSTILE[1]
    shown = [e.text for e in page.all("p", "headline")]
    for text in HOSTILE[:3] + HOSTILE[6:7]:
        assert any(line.startswith(text) for line in shown), text
    assert any("Ferry \ufffdoibmal fiasco\ufffd shocks \ufffdharbour" in line for line in shown)
    assert any("Ferry␀ ␛[31mfiasco␇ may\ufffd shock the\ufffdisland" in line for line in shown)
    assert any("😱🔥 Ferry fiasco shocks 港口" in line for line in shown)
    assert any("… (1,080,000 characters)" in line for line in shown)
    assert max(map(len, shown)) < LONGEST_SHOWN + 100
    [name] = {t.text for t in page.all("title") if t.parents[-1].tag == "text"}
    assert name == HOSTILE[0]
    assert "49" not in "".join(shown)


@pytest.mark.parametrize("text", HOSTILE[:2])
def test_names_of_columns_and_files_are_text(tmp_path: Path, text: str) -> None:
    name = text[:20].replace("/", "|")
    data = table(tmp_path / f"{name}.csv", [{"title": BAIT, text: "x"}] * 2)
    write_report([(str(data), "csv")], str(tmp_path / "page.html"), default_model(), by=text)
    page = checked((tmp_path / "page.html").read_text(encoding="utf-8"))
    assert f"“{text}”" in page.text
    assert name in page.all("h1")[0].text


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2031-04-05", (2031, 4)),
        (" 2031-04 ", (2031, 4)),
        ("2031", (2031, 0)),
        (2031, (2031, 0)),
        (2031.0, (2031, 0)),
        ("20310405", (2031, 4)),
        (20310405, (2031, 4)),
        ("2031/04/05", (2031, 4)),
        ("2031-04-05T23:59:59Z", (2031, 4)),
        ("2031-04-30 23:59:59.123456-08:00", (2031, 4)),
        ("Sat, 05 Apr 2031 06:07:08 +0200", (2031, 4)),
        ("05 Apr 2031 06:07:08 GMT", (2031, 4)),
        (datetime.date(2031, 4, 5), (2031, 4)),
        (datetime.datetime(2031, 4, 30, 23, tzinfo=datetime.timezone.utc), (2031, 4)),
        ("2031-13-05", None),
        ("2031-00", None),
        ("2031-02-30", None),
        ("2031-04-00", None),
        ("0000-01-01", None),
        ("5/4/2031", None),
        ("yesterday", None),
        ("2031 04 05", None),
        ("2031 04", None),
        ("2031-04 12:00", None),
        ("0930", None),
        ("0001-01-01", None),
        (datetime.date(1, 1, 1), None),
        ("2031-04-05 by post", None),
        ("1927364527", None),
        ("", None),
        (None, None),
        (math.nan, None),
        (True, None),
        ([2031], None),
        ("2031-04-05" + " " * 100 + "x", None),
    ],
)
def test_dates(value: object, expected: tuple[int, int] | None) -> None:
    assert month_of(value) == expected


@given(st.text() | st.integers() | st.floats())
def test_any_cell_is_a_month_or_none(value: object) -> None:
    found = month_of(value)
    assert found is None or (1600 <= found[0] <= 9999 and 0 <= found[1] <= 12)


@given(
    st.datetimes(datetime.datetime(1600, 1, 1)),
    st.sampled_from(["isoformat", "ctime_date", "basic"]),
)
def test_each_date_is_in_its_month(when: datetime.datetime, form: str) -> None:
    text = {
        "isoformat": when.isoformat(),
        "ctime_date": when.date().isoformat(),
        "basic": f"{when.year:04}{when.month:02}{when.day:02}",
    }[form]
    assert month_of(text) == (when.year, when.month)


def test_rows_without_publisher_or_date_are_counted_and_said(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"title": PLAIN, "publisher": "Wire", "date": "2031-04-01"},
        {"title": BAIT, "publisher": "Wire", "date": "2031-05-01"},
        {"title": BAIT, "publisher": " ", "date": "soon <b>"},
        {"title": BAIT, "publisher": "Gull", "date": ""},
        {"title": "", "publisher": "Gull", "date": "2031-04-01"},
        {"title": "zxqvwk", "publisher": "", "date": "never"},
    ]
    page = written(tmp_path, rows)
    assert "Without a publisher: 1 row." in page.text
    assert "Without a date: 1 row." in page.text
    assert "With a date that can’t be read, such as “soon <b>”: 1 row, which" in page.text
    assert "read, of 6 rows" in page.text
    assert "1 without a headline" in page.text
    assert "1 without a word the model knows" in page.text
    assert "4 headlines of 2 publishers, 2031-04 to 2031-05" in page.text


def test_rows_without_publisher_count_in_any_order_of_files(tmp_path: Path) -> None:
    named = table(tmp_path / "named.csv", [{"title": BAIT, "source": "Wire", "date": "2031-04-01"}])
    bare = table(tmp_path / "bare.csv", [{"title": PLAIN}])
    for files in ((named, bare), (bare, named)):
        page = checked(run("report", *files, "-o", "-").stdout)
        assert "Without a publisher: 1 row." in page.text
        assert "Without a date: 1 row." in page.text
    page = checked(run("report", bare, "-o", "-").stdout)
    assert "No column of publishers" in page.text
    assert "Without a" not in page.text


def test_a_bad_publisher_or_date_costs_no_headline(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = {
        "title": [PLAIN, BAIT, PLAIN],
        "source": [b"Wire", b"\xff", b"Wire"],
        "date": [b"2031-04-01", b"2031-05-01", b"\xff"],
    }
    pq.write_table(pa.table(columns), tmp_path / "news.parquet")
    done = run("report", tmp_path / "news.parquet", "-o", "-")
    assert "3 rows" in done.stderr
    assert "0 left out" in done.stderr
    page = checked(done.stdout)
    assert "3 headlines, 2031-04 to 2031-05" in page.text
    assert "Without a publisher: 1 row." in page.text
    assert "With a date that can’t be read, such as “\ufffd”: 1 row" in page.text


def test_columns_of_one_name_are_passed_over_unless_named(tmp_path: Path) -> None:
    data = tmp_path / "news.csv"
    data.write_text(f"title,source,source,outlet\n{PLAIN},a,b,Wire\n")
    page = checked(run("report", data, "-o", "-").stdout)
    assert "By the column “outlet”" in page.text
    done = run("report", data, "-o", "-", "--by", "source", rc=1)
    assert "two columns are called 'source': rename one" in done.stderr


def test_rows_that_cannot_be_read_are_left_out_and_said(tmp_path: Path) -> None:
    lines = [json.dumps({"title": PLAIN}), "{broken <b>", json.dumps({"title": [BAIT]}), "{}"]
    (tmp_path / "news.jsonl").write_text("\n".join(lines))
    done = run("report", tmp_path / "news.jsonl", "-o", tmp_path / "page.html")
    assert f"left out: {tmp_path / 'news.jsonl'}:2: not JSON" in done.stderr
    assert "2 rows, 1 of them without a headline" in done.stderr
    assert "2 left out" in done.stderr
    page = checked((tmp_path / "page.html").read_text(encoding="utf-8"))
    assert "Left out, as unreadable: 2 rows. The first: " in page.text
    assert "1 headline: how" in page.text


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("title,publisher,date\n", "no headline in it that the model can read"),
        ("title\n", "no headline in it that the model can read"),
        ("title,publisher,date\n,Wire,2031\n", "no headline in it that the model can read"),
        ("title,publisher,date\nzxqvwk,Wire,2031\n", "no headline in it that the model can read"),
        (f"title\n{PLAIN}\n", "1 headline: how"),
        (f"title,source,date\n{PLAIN},Wire,2031-04\n", "1 headline, 2031-04: how"),
        (f"title,source\n{PLAIN},Wire\n{BAIT},Wire\n", "2 headlines: how"),
        (f"title,year\n{PLAIN},2031\n{BAIT},2030\n", "2 headlines, 2030 to 2031: how"),
    ],
)
def test_pages_on_little_or_nothing(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "news.csv").write_text(content)
    page_path = tmp_path / "page.html"
    write_report([(str(tmp_path / "news.csv"), "csv")], str(page_path), default_model())
    page = checked(page_path.read_text(encoding="utf-8"))
    assert said in page.text
    assert "nan" not in page.text.split()


def test_a_file_that_is_no_table_is_an_error_and_leaves_no_page(tmp_path: Path) -> None:
    (tmp_path / "news.csv").write_text("")
    done = run("report", tmp_path / "news.csv", "-o", tmp_path / "page.html", rc=1)
    assert "empty, not even a header line" in done.stderr
    assert not (tmp_path / "page.html").exists()


def test_a_named_column_must_be_there(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [{"title": PLAIN, "who": "Wire", "when": "2031"}]
    for option, what in (("by", "publishers"), ("over", "dates")):
        named: dict[str, Any] = {option: "nobody"}
        with pytest.raises(
            TableError, match=f"no column 'nobody' of {what}. Columns: 'title', 'who', 'when'"
        ):
            written(tmp_path, rows, **named)
    page = written(tmp_path, rows, by="who", over="when")
    assert "By the column “who”" in page.text


def test_usage(tmp_path: Path) -> None:
    assert "--output" in run("report", "news.csv", rc=2).stderr
    assert "can't tell the format" in run("report", "x.dat", "-o", "y.html", rc=2).stderr
    done = run("report", tmp_path / "none.csv", "-o", tmp_path / "page.html", rc=1)
    assert "No such file" in done.stderr


def test_a_page_does_not_replace_its_input(tmp_path: Path) -> None:
    data = table(tmp_path / "news.csv", [{"title": PLAIN, "clickbait": 0}])
    before = data.read_bytes()
    for args in (("report", data, "-o", data), ("evaluate", data, "--html", data)):
        assert "can't be written over its input" in run(*args, rc=1).stderr
    assert data.read_bytes() == before


@pytest.mark.parametrize("name", ["model.npz", "model.html", "other.csv", "other"])
def test_a_page_replaces_nothing_but_pages(tmp_path: Path, small: Model, name: str) -> None:
    data = table(tmp_path / "news.csv", [{"title": PLAIN, "loud": 0}])
    model = tmp_path / "model.html" if name == "model.html" else tmp_path / "model.npz"
    small.save(model)
    before = model.read_bytes()
    (tmp_path / "other.csv").write_text("kept")
    for args in (("report", data, "-o"), ("evaluate", data, "--html")):
        done = run(*args, tmp_path / name, "--model", model, rc=1)
        assert "a page" in done.stderr
    assert model.read_bytes() == before
    assert (tmp_path / "other.csv").read_text() == "kept"
    assert not (tmp_path / "other").exists()


def test_a_page_that_cannot_be_written_is_said_before_the_tables_are_read(
    tmp_path: Path, shipped: Model
) -> None:
    data = table(tmp_path / "news.csv", [{"title": PLAIN, "clickbait": 0}])
    nowhere = tmp_path / "nowhere" / "page.html"
    blocks: list[int] = []
    with pytest.raises(TableError, match="No such file"):
        write_report([(str(data), "csv")], str(nowhere), shipped, progress=blocks.append)
    assert blocks == []
    done = run("evaluate", data, "--html", nowhere, "--resamples", 10, rc=1)
    assert "MSE" in done.stdout
    assert f"{nowhere}: No such file" in done.stderr


def test_several_files_make_one_page(tmp_path: Path) -> None:
    first = table(tmp_path / "a.csv", [{"title": PLAIN, "source": "Wire", "date": "2031-04-01"}])
    second = tmp_path / "b.jsonl.gz"
    row = {"headline": BAIT, "outlet": "Gull", "published": "2032-05-01T00:00:00Z"}
    second.write_bytes(gzip.compress(json.dumps(row).encode()))
    done = run("report", first, second, "-o", "-")
    page = checked(done.stdout)
    assert "2 headlines of 2 publishers, 2031-04 to 2032-05" in page.text
    assert "By the column “source” and “outlet”" in page.text
    assert "a.csv" in page.all("footer")[0].text
    assert "b.jsonl.gz" in page.all("footer")[0].text


def test_a_pattern_of_parquet_files_makes_one_page(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    for month in (4, 5):
        when = [datetime.datetime(2031, month, 1), None]
        columns = {"title": [PLAIN, BAIT], "outlet": ["Wire", None], "published": when}
        pq.write_table(pa.table(columns), tmp_path / f"{month}.parquet")
    done = run("report", tmp_path / "*.parquet", "-o", "-")
    page = checked(done.stdout)
    assert "4 headlines, 2031-04 to 2031-05" in page.text
    assert "Without a publisher: 2 rows." in page.text
    assert "Without a date: 2 rows." in page.text


def test_a_page_from_a_pipe(tmp_path: Path) -> None:
    done = run("report", "-", "--format", "lines", "-o", "-", stdin=f"{PLAIN}\n{BAIT}\n")
    assert "2 headlines: how" in checked(done.stdout).text


def test_many_publishers_make_a_page_of_bounded_size(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"title": BAIT if i % 3 else PLAIN, "publisher": f"Outlet {i % 2500}"} for i in range(2500)
    ]
    rows += [
        {"title": (BAIT, PLAIN)[(i + j) % (2 + j % 3) == 0], "publisher": f"Big {j}"}
        for j in range(20)
        for i in range(31)
    ]
    page = written(tmp_path, rows)
    assert (tmp_path / "page.html").stat().st_size < 3_000_000
    assert "Shown are the 10 highest and the 5 lowest of 20." in page.text
    assert "2,500 with fewer than 30 headlines are not ranked" in page.text
    assert "2,000 publishers, by number of headlines; 520 more" in page.text
    assert len(page.all("tr", "few")) == 1980
    [details] = [e for e in page.all("details") if "The 2,000 publishers with most" in e.text]
    assert "open" not in details.attributes


def test_a_model_of_other_targets(tmp_path: Path, small: Model) -> None:
    rows: list[dict[str, object]] = [*made_up.rows(200)]  # type: ignore[list-item]
    page = written(tmp_path, rows, small)
    assert {"loud", "open question"} <= {e.text for e in page.all("h3")}
    assert "clickbait" not in page.text
    assert len(page.all("svg")) == 8


def test_terms_of_a_converted_model_are_literal(tmp_path: Path) -> None:
    texts = ["Over 000 ways to go", "Ferry to go", "000 ferry", "Ways to ferry"] * 10
    pipeline = make_pipeline(TfidfVectorizer(), LogisticRegression())
    model = Model.from_sklearn(pipeline.fit(texts, ["000" in text for text in texts]), ("loud",))
    page = written(tmp_path, [{"title": text} for text in texts], model)
    assert any(e.text == "000" for e in page.all("th"))
    assert "number(" not in page.text
    assert "number(3)" in written(tmp_path, [{"title": "100 ways"}] * 9).text


def test_without_the_extra_it_is_said_how_to_get_it(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['jinja2'] = None;"
        f"sys.argv = ['headline-score', 'report', 'x.csv', '-o', {str(tmp_path / 'p.html')!r}];"
        "from headline_score.cli import run; run()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == (
        "Error: a report needs jinja2, which is not installed:"
        ' pip install "headline-score[report]"\n'
    )
    assert issubclass(MissingExtraError, ImportError)


def test_reading_raises_what_the_command_tells(tmp_path: Path, shipped: Model) -> None:
    with pytest.raises(TableError, match="No such file"):
        write_report([(str(tmp_path / "none.csv"), "csv")], str(tmp_path / "p.html"), shipped)


# Figures


def test_publishers_have_the_means_of_their_headlines(corpus: Path, shipped: Model) -> None:
    found = read_corpus([(str(corpus), "csv")], shipped)
    with corpus.open(encoding="utf-8", newline="") as file:
        rows = [*csv.DictReader(file)]
    publishers = by_publisher(found)
    assert [g.n for g in publishers] == sorted((g.n for g in publishers), reverse=True)
    for group in publishers:
        texts = [r["headline"] for r in rows if r["outlet"] == found.names[group.name]]
        scores = np.array([score(text).strengths for text in texts])
        assert group.n == len(texts)
        assert group.means == pytest.approx(scores.mean(0), abs=1e-6)
        flags = [[target in score(text).flags() for target in TARGETS] for text in texts]
        assert group.flagged == pytest.approx(np.mean(flags, 0))
        for mean, low, high in zip(group.means, group.lows, group.highs, strict=True):
            assert low < mean < high
    months = over_time(found)
    assert (months.unit, len(months.groups)) == ("month", 24)
    assert sum(g.n for g in months.groups) == 1500


def test_intervals_are_those_of_the_bootstrap_and_agree_where_the_method_changes() -> None:
    random = np.random.default_rng(0)
    values = random.beta(0.3, 2, size=(4097, 2))
    low, high = interval(values, random)
    fewer = interval(values[:-1], random)
    assert low == pytest.approx(fewer[0], abs=2e-3)
    assert high == pytest.approx(fewer[1], abs=2e-3)
    margin = 1.96 * values.std(0) / 64
    assert high - values.mean(0) == pytest.approx(margin, rel=0.1)
    assert np.isnan(interval(values[:4], random)).all()


def test_rows_of_no_group_are_in_none() -> None:
    strengths, flagged = np.full((3, 1), 0.5, np.float32), np.zeros((3, 1), bool)
    assert groups(np.full(3, -1, np.int32), strengths, flagged) == []
    [one] = groups(np.array([-1, 7, -1], np.int32), strengths, flagged)
    assert (one.name, one.n, one.few) == (7, 1, True)
    assert math.isnan(one.lows[0])


@pytest.mark.parametrize(
    ("dates", "unit", "names", "without"),
    [
        (["2031", "2032", "2031-04"], "year", [2031 * 13, 2032 * 13], 0),
        (["2031-03", "2031-04-01", "2031"], "month", [period(2031, 3), period(2031, 4)], 1),
        (["1990-01", "2031-04"], "year", [1990 * 13, 2031 * 13], 0),
        (["never"], "month", [], 0),
    ],
)
def test_time_goes_by_month_or_by_year(
    tmp_path: Path, shipped: Model, dates: list[str], unit: str, names: list[int], without: int
) -> None:
    data = table(tmp_path / "news.csv", [{"title": PLAIN, "date": date} for date in dates])
    time = over_time(read_corpus([(str(data), "csv")], shipped))
    assert (time.unit, [g.name for g in time.groups], time.without_month) == (unit, names, without)


def test_drivers_are_the_terms_that_moved_most(tmp_path: Path, shipped: Model) -> None:
    rows: list[dict[str, object]] = [{"title": "Council may cut bus routes"}] * 3
    data = table(tmp_path / "news.csv", [*rows, {"title": "Council cuts bus routes"}])
    corpus = read_corpus([(str(data), "csv")], shipped)
    up, down = drivers(corpus, 5)[TARGETS.index("speculation")]
    assert up[0].term == "may"
    assert up[0].headlines == 3
    assert up[0].where == pytest.approx(
        explain("Council may cut bus routes").speculation.contributions[0].log_odds
    )
    assert up[0].mean == pytest.approx(up[0].where * 3 / 4)
    assert all(driver.mean < 0 for driver in down)


def test_telling_headlines_differ(tmp_path: Path, shipped: Model) -> None:
    texts = [f"You won't BELIEVE what this ferry did in {n}!" for n in range(2000, 2050)]
    rows: list[dict[str, object]] = [{"title": text} for text in [*texts, *texts, PLAIN]]
    corpus = read_corpus([(str(table(tmp_path / "n.csv", rows)), "csv")], shipped, telling=3)
    assert all(len(best) == 2 for best in corpus.telling)
    [best, plain] = corpus.telling[0]
    assert best.strength == max(score(text).clickbait for text in texts)
    assert plain.text == PLAIN


# The page of `evaluate`


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory, contrast: list[dict[str, str]]) -> Path:
    rows = [
        {
            **{name: row[name] for name in ("headline", *TARGETS)},
            "publisher": f"<Outlet {i % 3}>" if i % 50 else "Rare",
            "date": f"20{20 + i % 4}-05-01" if i % 7 else "soon",
        }
        for i, row in enumerate(contrast[:600])
    ]
    return table(tmp_path_factory.mktemp("graded") / "graded.csv", rows)  # type: ignore[arg-type]


def test_an_evaluation_has_charts_tables_and_misses(graded: Path) -> None:
    path = graded.with_name("page.html")
    args = ("evaluate", graded, "--scale", 3, "--resamples", 50)
    done = run(*args, "--html", path)
    assert done.stdout == run(*args).stdout
    page = checked(path.read_text(encoding="utf-8"))
    assert len(page.all("svg")) == 2 * len(TARGETS)
    assert "By the column “publisher”" in page.text
    captions = [e.text for e in page.all("caption")]
    assert {"Grades by score", "Precision and recall by threshold"} <= {*captions}
    assert [c for c in captions if "by year" in c] == [f"{t} by year" for t in TARGETS]
    for name in ("<Outlet 0>", "Rare", "2023"):
        assert any(e.text == name for e in page.all("th")), name
    assert "86 without a date that can be read" in page.text
    metric = re.search(r"^R2 +(\S+ \[\S+ \S+\])", done.stdout, re.MULTILINE)
    assert metric
    assert metric[1] in page.text
    assert len(page.all("p", "headline")) == 8 * len(TARGETS)
    first = path.read_bytes()
    run(*args, "--html", path)
    assert path.read_bytes() == first


def test_an_evaluation_of_one_class_and_one_target(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [{"title": PLAIN, "clickbait": 0}] * 3
    data, path = table(tmp_path / "graded.csv", rows), tmp_path / "page.html"
    run("evaluate", data, "--html", path, "--resamples", 10)
    page = checked(path.read_text(encoding="utf-8"))
    assert "Nothing to draw." in page.text
    assert len(page.all("p", "headline")) == 1
    assert "By publisher" not in page.text


def test_an_evaluation_keeps_the_start_of_a_long_publisher(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"title": (PLAIN, BAIT)[i % 2], "clickbait": i % 2, "source": "Wire"} for i in range(20)
    ]
    rows.append({"title": BAIT, "clickbait": 1, "source": "Foghorn" * 20_000})
    data, path = table(tmp_path / "graded.csv", rows), tmp_path / "page.html"
    run("evaluate", data, "--html", path, "--resamples", 10)
    page = checked(path.read_text(encoding="utf-8"))
    assert [e.text[:7] for e in page.all("th") if e.text[:4] in ("Wire", "Fogh")] == [
        "Wire",
        "Foghorn",
    ]
    assert max(len(e.text) for e in page.all("th")) == 200


def test_by_and_over_of_evaluate_need_a_page(graded: Path) -> None:
    done = run("evaluate", graded, "--scale", 3, "--by", "publisher", rc=2)
    assert "--by and --over are for the tables of --html PAGE" in done.stderr
    assert "--html needs a file" in run("evaluate", graded, "--html", "-", rc=2).stderr
    done = run("evaluate", graded, "--scale", 3, "--html", "x.html", "--by", "nobody", rc=1)
    assert "no column 'nobody' of publishers" in done.stderr
