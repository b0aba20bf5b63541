"""A headless Chromium, which is driven by Debian's driver of the same version."""

import contextlib
import json
import shutil
import time

from .checks import Skip, expect

SECONDS = 10


@contextlib.contextmanager
def browser(workspace):
    if not (shutil.which("chromium") and shutil.which("chromedriver")):
        raise Skip("chromium and chromium-driver are not installed")
    from selenium.webdriver import Chrome, ChromeOptions
    from selenium.webdriver.chrome.service import Service

    options = ChromeOptions()
    options.binary_location = shutil.which("chromium")
    # Its sandbox does not start as root; what it is shown here is the suite's own.
    for argument in ("headless=new", "no-sandbox", "disable-gpu", "disable-dev-shm-usage", "no-proxy-server", "hide-scrollbars", "force-device-scale-factor=1.5"):
        options.add_argument(f"--{argument}")
    options.add_argument(f"--user-data-dir={workspace / 'chromium'}")
    options.add_argument("--window-size=1280,900")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = Chrome(options, Service(shutil.which("chromedriver")))
    try:
        driver.set_script_timeout(SECONDS)
        driver.set_page_load_timeout(SECONDS)
        yield Page(driver)
    finally:
        driver.quit()


class Page:
    """What a check sees of a page, and does to it."""

    def __init__(self, driver):
        self.driver = driver

    def open(self, url):
        self.driver.get(url)

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def wait(self, script, *arguments, seconds=SECONDS):
        """What the script answers, once that is true."""
        until = time.monotonic() + seconds
        while not (found := self.run(script, *arguments)):
            expect(time.monotonic() < until, f"not within {seconds} s: {script}: {self.run('return document.body.innerText')!r}")
            time.sleep(0.05)
        return found

    def text(self, selector):
        return self.run("return document.querySelector(arguments[0]).textContent", selector)

    def wait_text(self, selector, text, **options):
        return self.wait("return document.querySelector(arguments[0]).textContent.includes(arguments[1])", selector, text, **options)

    def click(self, selector):
        self.driver.find_element("css selector", selector).click()

    def press(self, *keys):
        """To whatever has the focus."""
        from selenium.webdriver import ActionChains

        ActionChains(self.driver).send_keys(*keys).perform()

    def dark(self, dark):
        scheme = "dark" if dark else "light"
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def complaints(self):
        """What the console has said since the last call, such as of a policy that was broken."""
        return [json.dumps(entry) for entry in self.driver.get_log("browser")]
