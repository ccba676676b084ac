"""A person in a real browser: from sign-in to a completed project, and a shell on one of its machines; an operator
who keeps the pool and connects vCenter.
"""

import asyncio
import re
import secrets
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import docker
import httpx
import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from hcmp_cli.lab import ensure_images, remove_all
from hcmp_inventory.adapters.docker import DockerProvider
from hcmp_testkit.gateway import Person, Session
from hcmp_testkit.installation import Installation
from hcmp_testkit.vcenter import PASSWORD, USERNAME, Certificate, SimulatedVcenter, simulated_vcenter

pytestmark = [pytest.mark.installation, pytest.mark.usefixtures("full_pool")]

CHROMIUM = "/usr/bin/chromium"
QUIET = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
COMPLETED_MS = 480_000  # a busy computer runs the plays several times slower than an idle one


BEHIND = "DC0_C0_RP0_VM0"
IN_POOL = "dc0-c0-rp0-vm0"  # a machine lets in who is certified for its own name


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
async def test_from_sign_in_to_a_completed_project_and_a_shell_through_maintenance_and_a_loss(
    browser: Browser, installation: Installation, operator: Person
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
    await what_runs_still(page, operator, "browser shop")
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
    await lose_a_machine(page, operator)
    await delete(page, "browser shop", machines=3)
    assert broken == []


async def what_runs_still(page: Page, operator: Person, name: str) -> None:
    """Turn maintenance on in the settings, and come back by the list of what has to end first."""
    await page.get_by_role("link", name="Settings").click()
    await page.get_by_role("switch", name="Turn maintenance mode on").check()
    await page.get_by_label("Message to everybody").fill("Back at noon")
    try:
        await page.get_by_role("button", name="Save").click()
        await expect(page.get_by_role("status").filter(has_text="1 project runs still")).to_be_visible()
        await expect(page.get_by_text("Maintenance. Back at noon")).to_be_visible()
    finally:
        over = {"maintenance_mode": False, "maintenance_message": ""}
        assert (await operator.http.put("/api/admin/settings", json=over)).status_code == 200
    await page.get_by_role("list", name="What runs still").get_by_role("link", name=name).click()


async def lose_a_machine(page: Page, operator: Person) -> None:
    """Somebody removes one of the project's machines at its provider: the project says so."""
    project = await operator.project(page.url.rpartition("/")[2])
    machine = await operator.get(f"/api/vms/{project['vms'][0]['id']}")
    await asyncio.to_thread(meddle, machine["provider_ref"], remove=True)
    notice = page.get_by_role("status").filter(has_text="1 machine of this project is gone")
    await expect(notice).to_contain_text(f"{machine['name']}", timeout=30_000)
    await expect(notice).to_contain_text("deleted in its provider (docker)")
    await expect(page.get_by_role("link", name=machine["name"], exact=True)).not_to_be_visible()


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


async def test_a_member_ends_another_session_changes_their_password_and_signs_out_leaving_nothing_behind(
    browser: Browser, installation: Installation, member: Person
) -> None:
    assert isinstance(member.http.auth, Session)
    username, former, new = member.account["username"], member.http.auth._login["password"], "battery staple"
    page = await (await browser.new_context(locale="en-US")).new_page()
    await page.goto(installation.url)
    await page.get_by_label("Username").fill(username)
    await page.get_by_label("Password", exact=True).fill(former)
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_role("button", name=re.compile(username)).click()
    await page.get_by_role("menuitem", name="Where you are signed in").click()
    sessions = page.get_by_role("dialog").get_by_role("listitem")
    await expect(sessions).to_have_count(2)
    await page.get_by_label("Current password").fill(former)
    await sessions.get_by_role("button", name="End").click()
    await expect(sessions).to_have_count(1)
    await expect(sessions).to_contain_text("this browser")
    async with httpx.AsyncClient(base_url=member.url) as elsewhere:
        token = {"Authorization": f"Bearer {member.http.auth.token}"}
        assert (await elsewhere.get("/api/me", headers=token)).status_code == 401
    await page.get_by_role("dialog").get_by_role("button", name="Close").last.click()

    await page.get_by_role("button", name=re.compile(username)).click()
    await page.get_by_role("menuitem", name="Change password").click()
    for given, outcome in (("not it", "Username or password is wrong"), (former, "Your password is changed.")):
        await page.get_by_label("Current password").fill(given)
        await page.get_by_label("New password").fill(new)
        await page.get_by_role("dialog").get_by_role("button", name="Change password").click()
        await expect(page.get_by_text(outcome)).to_be_visible()
    await page.reload()
    await expect(page.get_by_role("button", name=re.compile(username))).to_be_visible()
    async with httpx.AsyncClient(base_url=member.url) as elsewhere:
        login = {"username": username, "password": new}
        assert (await elsewhere.post("/api/login", json=login)).status_code == 200

    await page.get_by_role("button", name=re.compile(username)).click()
    await page.get_by_role("menuitem", name="Sign out").click()
    await expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    assert username not in await page.content()
    assert "hcmp-signed-in" not in await page.evaluate("Object.keys(localStorage)")
    assert await page.context.cookies() == []


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


async def let_go_of_imported(operator: Person) -> None:
    """vCenter's machines leave the pool, and the platform leaves them, while it still knows where they are."""
    for vm in (await operator.get("/api/vms"))["vms"]:
        if vm["provider"] == "vsphere":
            assert (await operator.http.delete(f"/api/vms/{vm['id']}")).status_code == 204
    async with asyncio.timeout(30):
        while any(
            item["taken"] for item in (await operator.get("/api/vcenter/inventory", kind="machines"))["items"]
        ):
            await asyncio.sleep(0.2)


@pytest.fixture
async def vcenter(tmp_path: Path, operator: Person) -> AsyncIterator[SimulatedVcenter]:
    """A vCenter that the platform knows only during the test. Behind its first machine stands one of the lab."""
    lab = await asyncio.to_thread(ensure_images, print)
    name = f"e2e-{secrets.token_hex(4)}"
    authorities = (await operator.http.get("/.well-known/ssh-authorities")).text.strip()

    async def trusted() -> str:
        return authorities

    try:
        behind = await DockerProvider(installation=name, image=lab.lab, authorities=trusted).create(IN_POOL)
        async with simulated_vcenter(Certificate.made_in(tmp_path), options={"machines": 2}) as simulator:
            await asyncio.to_thread(simulator.answer_at, BEHIND, behind.address)
            await asyncio.to_thread(simulator.switch_on, BEHIND)
            yield simulator
            await let_go_of_imported(operator)
    finally:
        await asyncio.to_thread(remove_all, name)
    parts = ("host", "port", "username", "password", "fingerprint")
    forgotten = {f"vcenter_{part}": "" for part in parts}
    assert (await operator.http.put("/api/admin/settings", json=forgotten)).status_code == 200


async def test_an_operator_connects_vcenter_sees_what_an_import_would_take_and_takes_it(
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
    await dialog.get_by_role("button", name="Import 1 machine").click()
    await expect(dialog.get_by_role("status")).to_contain_text("1 machine joined the pool", timeout=30_000)
    await dialog.get_by_role("button", name="Done").click()
    row = page.get_by_role("row", name=re.compile(f"^{IN_POOL}"))
    await expect(row).to_contain_text("Available")
    await expect(row).to_contain_text("vsphere")


async def test_a_machine_that_somebody_switched_off_is_shown_with_the_time_of_it(
    browser: Browser, installation: Installation, operator: Person
) -> None:
    spare = next(vm for vm in (await operator.get("/api/vms"))["vms"] if vm["status"] == "available")
    await asyncio.to_thread(meddle, spare["provider_ref"], remove=False)
    page = await signed_in(browser, installation, "en-US")
    await page.get_by_role("link", name="Pool").click()
    row = page.get_by_role("row", name=re.compile(f"^{spare['name']}"))
    await expect(row).to_contain_text("Power changed outside", timeout=30_000)
    await expect(row.locator("time")).to_be_visible()
    assert (await operator.http.delete(f"/api/vms/{spare['id']}")).status_code == 204


def meddle(reference: str, *, remove: bool) -> None:
    """Switch a machine of the lab off, or remove it, as somebody does who knows of no platform."""
    with closing(docker.from_env()) as client:
        container = client.containers.get(reference)
        if remove:
            container.remove(force=True)
        else:
            container.stop(timeout=1)
