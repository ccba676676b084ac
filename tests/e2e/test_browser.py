"""A person in a real browser: from sign-in to a completed project, and a shell on one of its machines."""

import re
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from hcmp_testkit.installation import Installation

pytestmark = [pytest.mark.installation, pytest.mark.usefixtures("full_pool")]

CHROMIUM = "/usr/bin/chromium"
QUIET = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
COMPLETED_MS = 480_000  # a busy computer runs the plays several times slower than an idle one


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        await browser.close()


async def signed_in(browser: Browser, installation: Installation, language: str) -> Page:
    context = await browser.new_context(locale=language, viewport={"width": 1400, "height": 900})
    page = await context.new_page()
    await page.goto(installation.url)
    labels = {"en-US": ("Username", "Password", "Sign in"), "ko-KR": ("사용자 이름", "비밀번호", "로그인")}
    username, password, button = labels[language]
    await page.get_by_label(username).fill(installation.username)
    await page.get_by_label(password, exact=True).fill(installation.password)
    await page.get_by_role("button", name=button).click()
    return page


@pytest.mark.timeout(600)
async def test_from_sign_in_to_a_completed_project_and_a_shell(
    browser: Browser, installation: Installation
) -> None:
    page = await signed_in(browser, installation, "en-US")
    broken: list[str] = []
    page.on("pageerror", lambda error: broken.append(str(error)))

    await page.get_by_role("link", name="New project").first.click()
    await page.get_by_role("radio", name="3-Tier").click()
    await page.get_by_role("button", name="Next").click()
    await page.get_by_label("Project name").fill("browser shop")
    await page.get_by_role("button", name="Next").click()
    await page.get_by_role("button", name="Start project").click()

    await expect(page).to_have_url(re.compile(r"/projects/[0-9a-f-]{36}$"))
    await expect(page.get_by_role("heading", name="browser shop")).to_be_visible()
    await expect(page.get_by_text("Prepare machines").first).to_be_visible()
    await expect(page.get_by_text(re.compile(r"PLAY \[")).first).to_be_visible(timeout=60_000)
    await expect(page.get_by_text("Completed", exact=True).first).to_be_visible(timeout=COMPLETED_MS)
    await look_back(page)

    terminal = page.get_by_role("link", name=re.compile("Open a terminal on")).first
    async with page.context.expect_page() as opened:
        await terminal.click()
    shell = await opened.value
    screen = shell.locator(".xterm-rows")
    await expect(screen).to_contain_text("hcmp@", timeout=20_000)
    await shell.locator(".xterm-helper-textarea").focus()
    await shell.keyboard.type("echo this-is-$(hostname)\n")
    await expect(screen).to_contain_text(re.compile(r"this-is-lab-0\d"), timeout=20_000)
    await delete(page, "browser shop", machines=3)
    assert broken == []


async def look_back(page: Page) -> None:
    """Go two events back, to where the last step was just done, read the address anew, and come back to now."""
    for _ in range(2):
        await page.get_by_role("button", name="Back to the event before").click()
    await expect(page).to_have_url(re.compile(r"\?at="))
    await page.reload()
    await expect(page.get_by_text(re.compile("^As it was at "))).to_be_visible()
    await expect(page.get_by_text("Configuring", exact=True)).to_be_visible()
    await expect(page.get_by_role("button", name="Delete")).to_be_disabled()
    await page.get_by_role("button", name="Back to now").click()
    await expect(page.get_by_text("Completed", exact=True).first).to_be_visible()


async def delete(page: Page, name: str, *, machines: int) -> None:
    """Delete the project: what is lost is named, and only its typed name confirms."""
    await page.get_by_role("button", name="Delete").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_role("listitem")).to_have_text([re.compile(r"lab-0\d")] * machines)
    confirm = dialog.get_by_role("button", name="Delete")
    await expect(confirm).to_be_disabled()
    await dialog.get_by_label(re.compile("^Type ")).fill(name)
    await confirm.click()
    await expect(page.get_by_text(re.compile("^(Deleting|Deleted)$")).first).to_be_visible()


async def test_the_interface_speaks_korean_to_a_korean_browser(
    browser: Browser, installation: Installation
) -> None:
    page = await signed_in(browser, installation, "ko-KR")
    await expect(page.get_by_role("link", name="새 프로젝트").first).to_be_visible()
    await page.reload()
    await expect(page.get_by_role("link", name="새 프로젝트").first).to_be_visible()
