"""RSS and Atom feeds in files: what is read of them, and what hostile ones can't do."""

import csv
import json
import random
import re
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn
from xml.sax.saxutils import escape

import pytest

from headline_score import MissingExtraError, TableError, default_model, score_many
from headline_score.batch import score_file
from headline_score.report.corpus import read_corpus
from headline_score.streams import reading
from headline_score.tables import FORMATS, format_of
from headline_score.tables.feeds import _without_tags

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


@pytest.mark.parametrize("date", ["pubDate", "dc:date"])
def test_a_date_that_is_none_is_an_empty_cell(tmp_path: Path, batch: Batch, date: str) -> None:
    moments = {
        "0000-00-00 00:00:00": "",
        "9999-12-31T23:59:59-14:00": "",
        "0001-01-01T00:00:00+14:00": "",
        "Sun, 99 Foo 0000 99:99:99 +9999": "",
        "soon": "",
        "9999-12-31T23:59:59Z": "9999-12-31T23:59:59Z",
        "0987-01-02T03:04:05Z": "0987-01-02T03:04:05Z",
    }
    items = "".join(f"<item><title>Boat</title><{date}>{m}</{date}></item>" for m in moments)
    content = f'<rss xmlns:dc="http://purl.org/dc/elements/1.1/"><channel>{items}</channel></rss>'
    rows = read(tmp_path / "a.xml", content)
    assert [row[2] for row in rows] == [*moments.values()]
    done = batch("a.xml", "--on-error", "skip", cwd=tmp_path)
    assert len(done.stdout.splitlines()) == 1 + len(moments)
    assert read_corpus([(str(tmp_path / "a.xml"), "feed")], default_model())


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("Boat <b>x</b> <![bogus[x]]> leaves", "Boat x leaves"),
        ("Boat <![ leaves", "Boat <![ leaves"),
        ("Boat<!-- not <b>this</b> --> leaves <!-- today", "Boat leaves"),
        ("<!DOCTYPE html><?x y?>Boat<br/>s <![CDATA[z]]>leave</", "Boats leave</"),
        ("3 < 4 <3 <img alt='5 > 4' title=\"it's <b>\" src=x>boats", "3 < 4 <3 boats"),
        ("<b it's>Boats</b> aren't <i\nclass=x>late</i> &lt;b&gt;", "Boats aren't late <b>"),
        ("Boat <a href=", "Boat <a href="),
        ("Fish &amp; chips &#8217; &copy &nonesuch; &#" + "9" * 5000, None),
    ],
)
def test_a_title_is_what_its_tags_enclose(tmp_path: Path, html: str, text: str | None) -> None:
    plain = text or html  # a number that long is left as it is
    title = f'<title type="html">{escape(html)}</title>'
    feed = f'<feed xmlns="http://www.w3.org/2005/Atom"><entry>{title}</entry></feed>'
    assert read(tmp_path / "a.xml", feed) == [[plain, "", "", ""]]


def test_titles_and_what_comes_before_a_feed_take_linear_time(tmp_path: Path) -> None:
    """Untimed: else they would take hours."""
    assert read(tmp_path / "a.xml", rss(doctype="\n" * 500_000)) == read(tmp_path / "b.xml", rss())
    for unit in ("<!--", "<a ", "<", "</a ", "<! ", "<?x ", "<a b='", '<a "="', "'\"<a", '<a""'):
        _without_tags(unit * 500_000)


@pytest.mark.parametrize(
    ("declared", "encoding"),
    [
        ("", "utf-8"),
        ("utf-8", "utf-8-sig"),
        ("iso-8859-1", "utf-8-sig"),
        ("ISO-8859-15", "iso8859-15"),
        ("windows-1252", "cp1252"),
        ("UTF-8", "cp1252"),
        ("utf-16", "utf-8"),
        ("utf-8", "utf-16"),
        ("utf-16", "utf-16-be"),
        ("utf-32", "utf-32"),
    ],
)
def test_a_feed_is_in_its_encoding(tmp_path: Path, declared: str, encoding: str) -> None:
    code = rss("Über éclairs").replace('"1.0"?', f'"1.0" encoding="{declared}"?')
    assert read(tmp_path / "a.xml", code.encode(encoding))[3][0] == "Über éclairs"


@pytest.mark.parametrize("declared", ["Shift_JIS", "EUC-JP", "GB2312", "Big5", "ISO-2022-JP"])
def test_a_feed_may_be_in_what_east_asia_writes(tmp_path: Path, declared: str) -> None:
    code = rss("中文").replace('"1.0"?', f'"1.0" encoding="{declared}"?')
    content = re.sub(
        "[^\0-\x7f]|&#8217;", lambda found: found[0] if found[0] in "中文" else "", code
    )
    assert read(tmp_path / "a.xml", content.encode(declared))[3][0] == "中文"


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

UTF7 = b"""<?xml version="1.0" encoding="utf-7"?><!DOCTYPE x [+ADwAIQ-ENTITY a "Boat"+AD4-]>
<rss version="2.0"><channel><item><title>+ACY-a;</title></item></channel></rss>"""
CHAPTER = """<item><psc:chapters xmlns:psc="http://podlove.org/simple-chapters">
<psc:chapter title="Bow"/></psc:chapters>"""


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (rss("&a11;", f'<!DOCTYPE x [<!ENTITY a0 "ha">{LAUGHS}]>'), "declares entities"),
        (rss("&a;", '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hosts">]>'), "declares entities"),
        (rss("&a;", '<!DOCTYPE x [<!ENTITY a SYSTEM "http://127.0.0.1/">]>'), "declares entities"),
        (rss(doctype='<!DOCTYPE x [<!ENTITY % a "b">]>').encode("utf-16"), "declares entities"),
        (UTF7, r"its encoding 'utf-7' is none that feeds are read in; save it as UTF-8"),
        (rss("&a;", '<!DOCTYPE x [<!ENTITY a "b">]>').encode("cp037"), "no RSS or Atom feed"),
        (b'<?xml version="1.0" encoding="\xbb"?><rss/>', "its encoding '»' is none"),
        (b'<?xml version="1.0" encoding="punycode"?><rss/>', "its encoding 'punycode' is none"),
        (b'<?xml version="1.0" encoding="\0"?><rss/>', r"its encoding '\\x00' is none"),
        (rss('<m:x xmlns:m="http://a\xa0b/"/>'), "no RSS or Atom feed that can be read: ValueErr"),
        (rss().replace("<item>", CHAPTER, 1), "no RSS or Atom feed that can be read: TypeErr"),
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


ODD = """<psc:chapter title='Bow'/>|<title_detail>Boat</title_detail>|<title_detail type='x'/>|
<published_parsed>2031</published_parsed>|<links a='b'/>|<link/>|<link rel='x'>http://[::1</link>|
<entries>Boat</entries>|<title type='xhtml'/>|<title mode='base64'>/w==</title>|&amp;|&lt;![x|
<item>|</item>|<a xmlns:q='http://a\xa0b/'><q:b/></a>|2031|0000-00-00|\xbb|utf-7|>|<|\"|\0"""


def test_spoilt_feeds_are_rows_or_table_errors(tmp_path: Path) -> None:
    rng = random.Random(7)
    for number in range(600):
        spoilt = [rss(), ATOM, RDF][number % 3]
        for _ in range(rng.randint(1, 3)):
            begin = rng.choice([found.end() for found in re.finditer("[<>=/]", spoilt)])
            end = begin + rng.choice([0, 0, rng.randint(1, 20)])
            spoilt = spoilt[:begin] + rng.choice(ODD.split("|")).strip("\n") + spoilt[end:]
        with suppress(TableError):
            for row in read(tmp_path / "a.xml", spoilt):
                assert [type(cell) for cell in row] == [str] * 4


def test_without_feedparser_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "feedparser", None)
    with pytest.raises(MissingExtraError) as error:
        read(tmp_path / "a.xml", rss())
    assert str(error.value).endswith('pip install "headline-score[feeds]"')
