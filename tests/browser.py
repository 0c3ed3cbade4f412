"""Chromium without a screen, for tests that look at pages as people do.

`from browser import chromium` in a conftest makes the fixture known. Where Chromium, its driver or selenium is missing,
tests that ask for it are skipped with the reason; with SWATH_REQUIRE_SERVICES set they fail.
"""

import io
import json
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

SIZE = (1400, 900)


class Browser:
    """A running Chromium: pages from disk, clicks, keys, pictures, and what was said on its console."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    def open(self, page: str | Path, ready: str = "true", size: tuple[int, int] = SIZE, timeout: float = 20) -> float:
        """Open a page from disk in a window of `size` CSS pixels and wait until the expression `ready` is true.

        Returns the seconds that it took.
        """
        metrics = {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        self.driver.get("about:blank")
        self._drain()
        begun = time.perf_counter()
        self.driver.get(Path(page).resolve().as_uri())
        self.wait(ready, timeout)
        return time.perf_counter() - begun

    def js(self, script: str, *arguments: Any) -> Any:
        """Run statements in the page; `return` hands a value back."""
        return self.driver.execute_script(script, *arguments)

    def wait(self, condition: str, timeout: float = 10) -> None:
        """Wait until a JavaScript expression is true."""
        end = time.monotonic() + timeout
        while not self.js(f"return Boolean({condition})"):
            if time.monotonic() > end:
                raise AssertionError(f"not true after {timeout} s: {condition}; console: {self.messages()}")
            time.sleep(0.02)

    def settle(self) -> None:
        """Wait until what was asked for is painted."""
        script = "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => done(true)));"
        self.driver.execute_async_script(script)

    def text(self, selector: str) -> str:
        """Text of the first element that matches, as shown."""
        return self.js("return document.querySelector(arguments[0]).innerText", selector)

    def write(self, selector: str, text: str) -> None:
        """Replace what an input field holds, as a typing person would."""
        self.js("const e = document.querySelector(arguments[0]); e.focus(); e.select();", selector)
        self._cdp("Input.insertText", text=text) if text else self.keys("Delete")

    def keys(self, *names: str) -> None:
        """Press keys: ArrowDown, Enter, Escape, Delete ... or single letters."""
        codes = {"ArrowDown": 40, "ArrowUp": 38, "Enter": 13, "Escape": 27, "Delete": 46, "Home": 36, "End": 35}
        for name in names:
            code = codes.get(name, ord(name.upper()) if len(name) == 1 else 0)
            text = {"text": name} if len(name) == 1 else {}
            for kind in ("keyDown", "keyUp"):
                self._cdp("Input.dispatchKeyEvent", type=kind, key=name, windowsVirtualKeyCode=code, **text)

    def click(self, x: float, y: float) -> None:
        """Press and release the left button at a place of the window."""
        self.move(x, y)
        for kind in ("mousePressed", "mouseReleased"):
            self._cdp("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Press at one place, move in steps, release at another."""
        self.move(*start)
        self._cdp("Input.dispatchMouseEvent", type="mousePressed", x=start[0], y=start[1], button="left", clickCount=1)
        for part in np.linspace(0, 1, 8)[1:]:
            x, y = (a + part * (b - a) for a, b in zip(start, end, strict=True))
            self._cdp("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y, button="left", buttons=1)
        self._cdp("Input.dispatchMouseEvent", type="mouseReleased", x=end[0], y=end[1], button="left", clickCount=1)

    def move(self, x: float, y: float) -> None:
        """Move the pointer."""
        self._cdp("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def wheel(self, x: float, y: float, amount: float) -> None:
        """Turn the wheel at a place; negative amounts turn it away."""
        self._cdp("Input.dispatchMouseEvent", type="mouseWheel", x=x, y=y, deltaX=0, deltaY=amount)

    def box(self, selector: str) -> tuple[float, float, float, float]:
        """Left, top, width and height of an element in the window."""
        find = "const box = document.querySelector(arguments[0]).getBoundingClientRect();"
        return tuple(self.js(f"{find} return [box.x, box.y, box.width, box.height]", selector))

    def picture(self, path: str | Path | None = None) -> np.ndarray:
        """The window as RGB bytes (ny, nx, 3), kept as PNG at `path` where given."""
        self.settle()
        data = self.driver.get_screenshot_as_png()
        if path is not None:
            Path(path).write_bytes(data)
        return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))

    def messages(self) -> list[str]:
        """Warnings and errors on the console since the page was opened or since the last call."""
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] in ("WARNING", "SEVERE")]

    def requests(self) -> list[str]:
        """Addresses that were asked for since the page was opened or since the last call, data in the page aside."""
        events = (json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance"))
        asked = (e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent")
        return [url for url in asked if not url.startswith(("data:", "blob:", "about:"))]

    def _cdp(self, command: str, **options: Any) -> None:
        self.driver.execute_cdp_cmd(command, options)

    def _drain(self) -> None:
        for kind in ("browser", "performance"):
            self.driver.get_log(kind)


def missing() -> str:
    """Why there is no browser; empty where there is one."""
    try:
        import selenium  # noqa: F401
    except ImportError:
        return "selenium is not installed"
    gone = [name for name in ("chromium", "chromedriver") if not shutil.which(name)]
    return f"{' and '.join(gone)} not installed" if gone else ""


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One Chromium for all tests of a worker."""
    if reason := missing():
        (pytest.fail if os.environ.get("SWATH_REQUIRE_SERVICES") else pytest.skip)(reason)
    driver = start()
    yield Browser(driver)
    driver.quit()


def start() -> Any:
    """A driver of a new Chromium without a screen."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
