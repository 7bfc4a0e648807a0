"""The report's pages in headless Chromium: no error, no request, and everything works."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import skip_or_fail
from selenium import webdriver
from selenium.webdriver import Keys
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from test_cli import run, table
from test_report import HOSTILE

import made_up
from headline_score import default_model
from headline_score.report import write_report

FLAGS = """--headless --no-sandbox --disable-gpu --disable-quic --no-first-run
--disable-background-networking --disable-component-update --disable-sync --hide-scrollbars"""

# Contrast of each text on the page with what is behind it (WCAG 2.2, 1.4.3), the least first.
CONTRASTS = """
const canvas = new OffscreenCanvas(1, 1).getContext("2d", {willReadFrequently: true});
const rgba = (colour) => {
  canvas.clearRect(0, 0, 1, 1);
  canvas.fillStyle = colour;
  canvas.fillRect(0, 0, 1, 1);
  const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
  return [r, g, b, a / 255];
};
const over = (top, below) => [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3]));
const luminance = (colour) => {
  const [r, g, b] = colour.map((c) => c / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const behind = (element) => {
  const all = [];
  for (let e = element; e; e = e.parentElement) all.push(rgba(getComputedStyle(e).backgroundColor));
  return all.reverse().reduce((below, top) => over(top, below), [255, 255, 255]);
};
const found = [];
const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walk.nextNode()) {
  const text = walk.currentNode.data.trim(), element = walk.currentNode.parentElement;
  if (!text || !element.checkVisibility() || element.closest("script")) continue;
  const style = getComputedStyle(element), below = behind(element);
  const colour = rgba(element.closest("svg") ? style.fill : style.color);
  const [one, other] = [luminance(over(colour, below)), luminance(below)];
  const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
  found.push([contrast, element.className.baseVal ?? element.className, text.slice(0, 40)]);
}
return found.sort((one, other) => one[0] - other[0]);
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not chromium or not driver:
        skip_or_fail("Chromium is not installed: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in [*FLAGS.split(), f"--user-data-dir={tmp_path_factory.mktemp('profile')}"]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    chrome = webdriver.Chrome(options=options, service=Service(driver))
    yield chrome
    chrome.quit()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory, contrast: list[dict[str, str]]) -> Path:
    """A folder with a report of made-up headlines, a hostile one, and an evaluation."""
    folder = tmp_path_factory.mktemp("pages")
    model = default_model()
    rows: list[dict[str, object]] = [dict(row) for row in made_up.rows(1000)]
    rows += [{"headline": "Ferry resumes", "outlet": "Tiny Tide", "date": "2029-05-01"}] * 3
    made = table(folder / "news.csv", rows)
    hostile: list[dict[str, object]] = [
        {"title": text, "source": text[:60], "date": text[:20]} for text in HOSTILE
    ]
    write_report([(str(made), "csv")], str(folder / "report.html"), model)
    data = table(folder / "hostile.csv", hostile * 40)
    write_report([(str(data), "csv")], str(folder / "hostile.html"), model, title=HOSTILE[0])
    graded: list[dict[str, object]] = [{**row, "publisher": "Wire"} for row in contrast[:300]]
    data = table(folder / "graded.csv", graded)
    run("evaluate", data, "--scale", 3, "--html", folder / "evaluation.html", "--resamples", 20)
    return folder


def emulate(browser: webdriver.Chrome, *, width: int = 1280, scheme: str = "light") -> None:
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500},
    )
    browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia",
        {"features": [{"name": "prefers-color-scheme", "value": scheme}]},
    )


def logged(browser: webdriver.Chrome, kind: str) -> list[Any]:
    """Return what was logged since the last call."""
    return list(browser.get_log(kind))  # type: ignore[no-untyped-call]


def opened(browser: webdriver.Chrome, page: Path, **look: Any) -> None:
    emulate(browser, **look)
    logged(browser, "performance")
    logged(browser, "browser")
    browser.get(page.as_uri())


@pytest.mark.parametrize("name", ["report", "hostile", "evaluation"])
def test_a_page_loads_with_no_error_and_no_request(
    browser: webdriver.Chrome, pages: Path, name: str
) -> None:
    page = pages / f"{name}.html"
    opened(browser, page)
    assert logged(browser, "browser") == []
    events = [json.loads(entry["message"])["message"] for entry in logged(browser, "performance")]
    asked = {
        event["params"]["request"]["url"]
        for event in events
        if event["method"] == "Network.requestWillBeSent"
    }
    assert asked <= {page.as_uri(), "data:,"}
    assert page.as_uri() in asked
    charts = browser.find_elements(By.TAG_NAME, "svg")
    assert len(charts) == (6 if name == "evaluation" else 9 if name == "hostile" else 12)
    for chart in charts:
        assert chart.size["width"] > 250
        assert chart.size["height"] > 50
        assert chart.find_elements(By.TAG_NAME, "text")


def first_column(table: WebElement) -> list[str]:
    return [e.text for e in table.find_elements(By.CSS_SELECTOR, "tbody th")]


def second_column(table: WebElement, few: bool = False) -> list[float]:
    rows = table.find_elements(By.CSS_SELECTOR, "tr.few" if few else "tbody tr:not(.few)")
    return [float(r.find_elements(By.TAG_NAME, "td")[0].text.replace(",", "")) for r in rows]


def test_a_table_is_sorted_by_click_and_by_key(browser: webdriver.Chrome, pages: Path) -> None:
    opened(browser, pages / "report.html")
    table = browser.find_element(By.CSS_SELECTOR, "#publishers ~ details table")
    name, number, strength = table.find_elements(By.CSS_SELECTOR, "th button")[:3]
    name.click()
    names = first_column(table)
    assert names == [*sorted(made_up.OUTLETS), "Tiny Tide"]  # what has few headlines comes last
    name.send_keys(Keys.ENTER)
    assert first_column(table) == [*sorted(made_up.OUTLETS, reverse=True), "Tiny Tide"]
    number.send_keys(Keys.SPACE)
    numbers = second_column(table)
    assert numbers == sorted(numbers, reverse=True)
    head = number.find_element(By.XPATH, "..")
    assert head.get_attribute("aria-sort") == "descending"
    number.click()
    assert second_column(table) == numbers[::-1]
    assert head.get_attribute("aria-sort") == "ascending"
    strength.click()
    assert head.get_attribute("aria-sort") is None
    assert first_column(table)[0] == "ClickPort"
    assert second_column(table, few=True) == [3]


def background(browser: webdriver.Chrome) -> int:
    """Return how light the page is, 0 to 765."""
    colour = browser.execute_script(
        "return getComputedStyle(document.documentElement).backgroundColor"
    )
    return sum(map(int, colour.removeprefix("rgb(").removesuffix(")").split(",")))


def ink(browser: webdriver.Chrome) -> str:
    script = "return getComputedStyle(document.querySelector('svg text')).fill"
    return str(browser.execute_script(script))


def test_light_and_dark(browser: webdriver.Chrome, pages: Path) -> None:
    opened(browser, pages / "report.html", scheme="dark")
    assert background(browser) < 200
    of_the_dark = ink(browser)
    emulate(browser, scheme="light")
    assert background(browser) > 700
    assert ink(browser) != of_the_dark
    button = browser.find_element(By.CSS_SELECTOR, "button.theme")
    assert button.text == "Dark theme"
    button.click()
    assert background(browser) < 200
    assert ink(browser) == of_the_dark
    assert button.text == "Light theme"
    button.send_keys(Keys.ENTER)
    assert background(browser) > 700


@pytest.mark.parametrize("name", ["report", "hostile", "evaluation"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out(
    browser: webdriver.Chrome, pages: Path, name: str, scheme: str
) -> None:
    opened(browser, pages / f"{name}.html", scheme=scheme)
    browser.execute_script("document.querySelectorAll('details').forEach((d) => (d.open = true))")
    contrasts = browser.execute_script(CONTRASTS)
    assert len(contrasts) > 200
    assert contrasts[0][0] >= 4.5, contrasts[:5]


@pytest.mark.parametrize("name", ["report", "hostile", "evaluation"])
@pytest.mark.parametrize("width", [320, 375, 768])
def test_nothing_runs_over_the_edge(
    browser: webdriver.Chrome, pages: Path, name: str, width: int
) -> None:
    opened(browser, pages / f"{name}.html", width=width)
    browser.execute_script("document.querySelectorAll('details').forEach((d) => (d.open = true))")
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width


def test_hostile_headlines_stay_text(browser: webdriver.Chrome, pages: Path) -> None:
    opened(browser, pages / "hostile.html")
    assert browser.find_element(By.TAG_NAME, "h1").text == HOSTILE[0]
    assert len(browser.find_elements(By.TAG_NAME, "script")) == 1
    assert browser.find_elements(By.TAG_NAME, "img") == []
    texts = [e.text for e in browser.find_elements(By.CSS_SELECTOR, "p.headline")]
    assert any(text.startswith(HOSTILE[2]) for text in texts)


def test_the_policy_stops_what_is_not_the_pages_own(browser: webdriver.Chrome, pages: Path) -> None:
    page = pages / "forged.html"
    html = (pages / "report.html").read_text(encoding="utf-8")
    page.write_text(html.replace("</main>", "<script>document.title = 'forged'</script></main>"))
    opened(browser, page)
    assert browser.title != "forged"
    assert "Content Security Policy" in logged(browser, "browser")[0]["message"]


def test_the_keyboard_reaches_the_content(browser: webdriver.Chrome, pages: Path) -> None:
    opened(browser, pages / "report.html")
    body = browser.find_element(By.TAG_NAME, "body")
    body.send_keys(Keys.TAB)
    skip = browser.switch_to.active_element
    assert skip.get_attribute("href") == f"{(pages / 'report.html').as_uri()}#content"
    assert skip.location["x"] >= 0
