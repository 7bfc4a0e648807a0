"""RSS and Atom feeds in files: what is read of them, and what hostile ones can't do."""

import csv
import json
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest

from headline_score import MissingExtraError, TableError, default_model, score_many
from headline_score.batch import score_file
from headline_score.report.corpus import read_corpus
from headline_score.streams import reading
from headline_score.tables import FORMATS, format_of

Batch = Callable[..., "subprocess.CompletedProcess[bytes]"]

RSS = """<?xml version="1.0"?>{doctype}<rss version="2.0"><channel>
<title>Harbour &amp; Town</title><link>https://example.org/</link>
<item><title>Ferry &lt;b&gt;sails&lt;/b&gt; &amp;amp; returns</title>
<link>https://example.org/1?a=1&amp;b=2</link>
<pubDate>Sun, 29 Nov 2026 09:00:00 +0100</pubDate></item>
<item><title><![CDATA[You won&#8217;t <i>believe</i>
 this &eacute;clair]]></title></item>
<item><link>https://example.org/3</link><description>No title</description></item>
<item><title>{title}</title></item>
</channel></rss>
"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><title>Town</title>
<entry><title type="html">A &lt;em&gt;ferry&lt;/em&gt; &amp;amp; a bus</title>
<link href="https://example.org/1"/><updated>2026-11-29T08:00:00Z</updated></entry>
<entry><title type="text">How to use &lt;b&gt; tags</title></entry>
<entry><title type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">Is <b>this</b> it?</div>
</title></entry></feed>
"""
RDF = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
 xmlns="http://purl.org/rss/1.0/"><channel><title>Old</title></channel>
<item><title>Tram late</title><link>https://example.org/t</link></item></rdf:RDF>
"""


def rss(title: str = "Tram late", doctype: str = "") -> str:
    return RSS.format(title=title, doctype=doctype)


def read(path: Path, content: str | bytes) -> list[list[str]]:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with reading(str(path)) as source:
        table = FORMATS[format_of(path.name) or ""].read(source)
        assert table.columns == ["title", "link", "date", "source"]
        return [row for _, row in table.rows]


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> NoReturn:
        pytest.fail("a socket was made")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def test_title_link_date_and_source_of_each_item_are_read(tmp_path: Path) -> None:
    assert read(tmp_path / "a.rss", rss()) == [
        [
            "Ferry sails & returns",
            "https://example.org/1?a=1&b=2",
            "2026-11-29T08:00:00Z",
            "Harbour & Town",
        ],
        ["You won’t believe this éclair", "", "", "Harbour & Town"],
        ["", "https://example.org/3", "", "Harbour & Town"],
        ["Tram late", "", "", "Harbour & Town"],
    ]
    assert read(tmp_path / "a.atom", ATOM) == [
        ["A ferry & a bus", "https://example.org/1", "2026-11-29T08:00:00Z", "Town"],
        ["How to use <b> tags", "", "", "Town"],
        ["Is this it?", "", "", "Town"],
    ]
    assert read(tmp_path / "a.xml", RDF) == [["Tram late", "https://example.org/t", "", "Old"]]


def test_a_feed_may_be_utf16_or_have_the_doctype_of_old(tmp_path: Path) -> None:
    plain = read(tmp_path / "a.xml", rss())
    code = rss().replace('"1.0"?', '"1.0" encoding="utf-16"?').encode("utf-16")
    assert read(tmp_path / "a.xml", code) == plain
    netscape = '<!DOCTYPE rss PUBLIC "-//Netscape//DTD RSS 0.91//EN" "http://localhost/rss.dtd">'
    assert read(tmp_path / "a.xml", rss(doctype=netscape)) == plain


def test_feeds_become_csv_or_what_the_output_is_called(tmp_path: Path, batch: Batch) -> None:
    for name in ("b.xml", "a.xml"):
        (tmp_path / name).write_text(rss(f"Tram late in {name}"))
    done = batch("*.xml", cwd=tmp_path)
    rows = [*csv.DictReader(done.stdout.decode().splitlines())]
    assert [row["title"] for row in rows][3::4] == ["Tram late in a.xml", "Tram late in b.xml"]
    assert b"8 rows, 2 of them without a headline" in done.stderr
    expected = score_many(["Tram late in a.xml"])["clickbait"].round(6)[0]
    assert float(rows[3]["clickbait"]) == expected
    batch("*.xml", "-o", "out.jsonl", cwd=tmp_path)
    lines = (tmp_path / "out.jsonl").read_text().splitlines()
    assert [json.loads(line)["title"] for line in lines] == [row["title"] for row in rows]
    assert b"a feed can't be written" in batch("a.xml", "-o", "c.rss", rc=2, cwd=tmp_path).stderr


LAUGHS = "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 12))


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (rss("&a11;", f'<!DOCTYPE x [<!ENTITY a0 "ha">{LAUGHS}]>'), "declares entities"),
        (rss("&a;", '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hosts">]>'), "declares entities"),
        (rss("&a;", '<!DOCTYPE x [<!ENTITY a SYSTEM "http://127.0.0.1/">]>'), "declares entities"),
        (rss(doctype='<!DOCTYPE x [<!ENTITY % a "b">]>').encode("utf-16"), "declares entities"),
        ("", "empty"),
        (" \n", "empty"),
        ("http://127.0.0.1/feed.xml", "no RSS or Atom feed"),
        ("/etc/hosts", "no RSS or Atom feed"),
        ("<html><title>Ferry</title></html>", "no RSS or Atom feed"),
        ('<opml version="1.0"><body><outline text="Ferry"/></body></opml>', "no RSS or Atom feed"),
        (b"\x00\xff\xfe\x80" * 100, "no RSS or Atom feed"),
        (rss()[:-20], "item 4: no well-formed XML in line 9: .*; items may be lost"),
        (rss("<a>" * 3000), "item 4: no well-formed XML"),
        (rss("Bus & tram"), "item 4: no well-formed XML"),
        (b" " * (2**23 + 1), "more than 8,388,608 bytes"),
    ],
)
def test_what_is_no_sound_feed_is_an_error_that_fetches_nothing(
    tmp_path: Path, content: str | bytes, message: str
) -> None:
    with pytest.raises(TableError, match=rf"a\.xml: (it )?{message}"):
        read(tmp_path / "a.xml", content)


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize(
    "title",
    [
        "&lt;script&gt;" * 3000,
        "&lt;" * 20_000,
        "<![CDATA[" + "<a " * 20_000 + "]]>",
        "<![CDATA[" + "<!--" * 20_000 + "]]>",
        "<![CDATA[<img src='http://127.0.0.1/x.png'>Tram]]>",
        "x " * 100_000,
    ],
)
def test_odd_titles_cost_no_other_item(tmp_path: Path, title: str) -> None:
    rows = read(tmp_path / "a.xml", rss(title))
    assert rows[:3] == read(tmp_path / "b.xml", rss())[:3]
    assert len(rows) == 4


def test_a_feed_that_is_not_well_formed_is_an_error_whatever_rows_are_left_out(
    tmp_path: Path,
) -> None:
    source = tmp_path / "a.xml"
    source.write_text(rss("Bus & tram"))
    with pytest.raises(TableError, match=r"a\.xml: item 4: no well-formed XML"):
        score_file(
            str(source),
            str(tmp_path / "out.csv"),
            default_model(),
            output_format="csv",
            on_error="skip",
            errors=str(tmp_path / "errors.csv"),
        )
    assert list(tmp_path.iterdir()) == [source]
    with pytest.raises(TableError, match=r"a\.xml: item 4: no well-formed XML"):
        read_corpus([(str(source), "feed")], default_model())


def test_without_feedparser_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "feedparser", None)
    with pytest.raises(MissingExtraError) as error:
        read(tmp_path / "a.xml", rss())
    assert str(error.value).endswith('pip install "headline-score[feeds]"')
