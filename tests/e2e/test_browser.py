"""A person in a real browser: from sign-in to a completed project, and a shell on one of its machines; an operator
who keeps the pool and connects vCenter.
"""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from hcmp_testkit.gateway import Person
from hcmp_testkit.installation import Installation
from hcmp_testkit.vcenter import PASSWORD, USERNAME, Certificate, SimulatedVcenter, simulated_vcenter

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


async def test_an_operator_keeps_the_pool_by_a_policy_and_is_told_when_somebody_else_changed_it(
    browser: Browser, installation: Installation, operator: Person
) -> None:
    page = await signed_in(browser, installation, "en-US")
    await page.get_by_role("link", name="Pool").click()
    await page.get_by_role("button", name="New policy").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Name", exact=True).fill("seoul")
    await dialog.get_by_label("Ready at least").fill("0")
    await dialog.get_by_label("Labels").fill("site=seoul")
    await dialog.get_by_role("button", name="Save").click()
    policy = page.get_by_role("article", name="seoul")
    await expect(policy).to_contain_text("0 ready of at least 0")
    await expect(policy).to_contain_text("site=seoul")

    await policy.get_by_role("button", name="Change the policy seoul").click()
    await dialog.get_by_label("In all at most").fill("7")
    changed = {"provider": "docker", "minimum_ready": 0, "maximum": 3, "labels": {"site": "busan"}}
    assert (await operator.http.put("/api/pool/policies/seoul", json=changed)).status_code == 200
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog.get_by_role("alert")).to_contain_text("Somebody else changed this meanwhile")
    await expect(dialog.get_by_text("site=busan")).to_be_visible()
    await expect(dialog.get_by_label("In all at most")).to_have_value("7")
    await dialog.get_by_role("button", name="Save").click()
    await expect(policy).to_contain_text("at most 7")

    await policy.get_by_role("button", name="Remove the policy seoul").click()
    await expect(dialog.get_by_role("button", name="Remove")).to_be_disabled()
    await dialog.get_by_label(re.compile("^Type ")).fill("seoul")
    await dialog.get_by_role("button", name="Remove").click()
    await expect(page.get_by_text("No policy yet")).to_be_visible()


async def test_each_row_of_an_uploaded_list_that_is_not_taken_says_why(
    browser: Browser, installation: Installation, tmp_path: Path
) -> None:
    rows = tmp_path / "machines.csv"
    rows.write_text("name,address,ssh_port\nsilent,127.0.0.1,9\nNot A Name,10.0.0.1,22\n")
    page = await signed_in(browser, installation, "en-US")
    await page.get_by_role("link", name="Pool").click()
    await page.get_by_role("button", name="Add machines").click()
    await page.get_by_role("menuitem", name="Upload a list").click()
    await page.locator("input[type=file]").set_input_files(rows)
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Connect and add").click()
    await expect(dialog.get_by_role("row", name=re.compile("^Row 2 · silent"))).to_contain_text(
        "cannot be reached"
    )
    await expect(dialog.get_by_role("row", name=re.compile("^Row 3"))).to_contain_text("cannot be read")


@pytest.fixture
async def vcenter(tmp_path: Path, operator: Person) -> AsyncIterator[SimulatedVcenter]:
    """A vCenter that the platform does not know yet, nor afterwards."""
    async with simulated_vcenter(Certificate.made_in(tmp_path), options={"machines": 2}) as simulator:
        yield simulator
    parts = ("host", "port", "username", "password", "fingerprint")
    forgotten = {f"vcenter_{part}": "" for part in parts}
    assert (await operator.http.put("/api/admin/settings", json=forgotten)).status_code == 200


async def test_an_operator_tests_the_connection_to_vcenter_and_sees_what_an_import_would_take(
    browser: Browser, installation: Installation, vcenter: SimulatedVcenter
) -> None:
    page = await signed_in(browser, installation, "en-US")
    await page.get_by_role("link", name="Settings").click()
    await page.get_by_label("vCenter host").fill("127.0.0.1")
    await page.get_by_label("Port", exact=True).fill(str(vcenter.port))
    await page.get_by_label("User", exact=True).fill(USERNAME)
    await page.get_by_label("Password", exact=True).fill("a wrong one")
    await page.get_by_role("button", name="Test connection").click()
    await expect(page.get_by_role("alert")).to_contain_text("The certificate is not trusted")
    await page.get_by_label("Fingerprint of the certificate").fill(vcenter.certificate.fingerprint)
    await page.get_by_role("button", name="Test connection").click()
    await expect(page.get_by_role("alert")).to_contain_text("does not let this user in")
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Test connection").click()
    await expect(page.get_by_text("The connection works")).to_be_visible()
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_label("Password", exact=True)).to_have_value("")

    await page.get_by_role("link", name="Pool").click()
    await page.get_by_role("button", name="Add machines").click()
    await page.get_by_role("menuitem", name="Import from vCenter").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_label("Choose DC0_C0_RP0_VM1")).to_be_visible()
    await dialog.get_by_label("Name", exact=True).fill("*RP0_VM0")
    await expect(dialog.get_by_label("Choose DC0_C0_RP0_VM1")).not_to_be_visible()
    await dialog.get_by_label("Choose DC0_C0_RP0_VM0").check()
    await expect(dialog.get_by_role("button", name="Import 1 machine")).to_be_enabled()
