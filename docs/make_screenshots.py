"""Make the README's pictures of a report on the made-up corpus, in light and dark.

    python docs/make_screenshots.py            # needs Chromium, and the report extra

Writes docs/images/report-light.png and report-dark.png. Their fonts are those of the machine: the
ones in the repository are Debian's fonts-noto-core.
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from PIL import Image

import made_up
from headline_score import default_model
from headline_score.report import write_report

IMAGES = Path(__file__).parent / "images"
TITLE = "Eight outlets of the coast"
WIDTH, SCALE = 1180, 1.5
# Of each theme: where the picture begins, and how many px of the page it shows.
PARTS = {"light": (None, 1650), "dark": ("time", 1395)}
COLOURS = 128  # of a picture: keeps it small
FLAGS = """--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --hide-scrollbars
--disable-background-networking --disable-component-update --disable-sync"""


def photograph(html: str, height: int, picture: Path) -> None:
    """Write a picture of the top of a page."""
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page.html"
        page.write_text(html, encoding="utf-8")
        command = ["chromium", *FLAGS.split(), f"--user-data-dir={folder}/profile"]
        command += [f"--window-size={WIDTH},{height}", f"--force-device-scale-factor={SCALE}"]
        subprocess.run([*command, f"--screenshot={picture}", page.as_uri()], check=True)
    with Image.open(picture) as taken:
        taken.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(
            picture, optimize=True
        )


def main() -> None:
    """Write both pictures."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        corpus, page = f"{folder}/coast.csv", Path(folder) / "coast.html"
        made_up.write(corpus, 12_000)
        write_report([(corpus, "csv")], str(page), default_model(), title=TITLE)
        html = page.read_text(encoding="utf-8")
    for theme, (part, height) in PARTS.items():
        themed = html.replace('<html lang="en">', f'<html lang="en" data-theme="{theme}">', 1)
        if part is not None:
            top, main = themed.split('<header class="top">')[0], '<main id="content">'
            rest = themed[themed.index(f'<section aria-labelledby="{part}">') :]
            themed = top + main + rest
        photograph(themed, height, IMAGES / f"report-{theme}.png")


if __name__ == "__main__":
    main()
