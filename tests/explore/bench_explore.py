"""How fast is the catalogue browser?

    PYTHONPATH=workflow:tests python tests/explore/bench_explore.py [sources] [side]

Makes a page of 5,000 sources in 5 bands on 4000 x 4000 pixels (or as many and as large as said) in a temporary folder,
opens it in Chromium from disk, and prints: size of the page, seconds until it can be used (three times), milliseconds
from a filter's text to the painted table and markers, and from a source's selection to its painted panel.
"""

import sys
import tempfile
import time
from pathlib import Path

from browser import Browser, start
from fake_explore import build

FILTERS = ("MAG_r < 20 and chi2_r > 3", "flag POOR_FIT", "S00", "not (type = star or SNR_g > 100)", "")
TIMED = """
const [text, done] = arguments, input = document.getElementById("filter"), begun = performance.now();
input.value = text; swath.page.apply();
requestAnimationFrame(() => setTimeout(() => done(performance.now() - begun)));
"""
CHOSEN = """
const [row, done] = arguments, begun = performance.now();
swath.page.select(row); requestAnimationFrame(() => setTimeout(() => done(performance.now() - begun)));
"""


def main(count: int = 5000, side: int = 4000) -> None:
    with tempfile.TemporaryDirectory() as folder:
        tile = build(Path(folder), count, side, noisy_stamps=True)
        begun = time.process_time()
        page = tile.make()
        print(f"{count} sources on {side} x {side} pix: page of {page.stat().st_size / 1e6:.1f} MB", end=", ")
        print(f"made in {time.process_time() - begun:.1f} CPU-s")
        driver = start()
        browser = Browser(driver)
        for _ in range(3):
            seconds = browser.open(page, "document.body.dataset.ready", timeout=60)
            inside = browser.js("return +document.body.dataset.ready") / 1000
            print(f"ready after {inside:.2f} s ({seconds:.2f} s with the driver)")
        for text in FILTERS:
            taken = driver.execute_async_script(TIMED, text)
            print(f"filter {text!r}: {taken:.0f} ms, {browser.text('#count')}")
        for row in (3, 1234 % count, count - 1):
            print(f"source {row}: {driver.execute_async_script(CHOSEN, row):.0f} ms")
        print("console:", browser.messages() or "nothing")
        driver.quit()


if __name__ == "__main__":
    main(*(int(value) for value in sys.argv[1:]))
