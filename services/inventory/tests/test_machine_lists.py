"""Lists of machines as people and their spreadsheets write them."""

import pytest

from hcmp_inventory.api.machine_lists import MAX_ROWS, UnreadableListError, rows

KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n-----END OPENSSH PRIVATE KEY-----\n"


def test_a_spreadsheets_list_is_understood() -> None:
    titles = "\ufeffname;address;ssh_port;password;labels.site"
    text = f"{titles}\r\nweb-01;10.0.0.1;2222;a;b\r\nweb-02;10.0.0.2;;;\r\n;;;;\r\n"
    first, second = rows(text, "csv")
    assert first.machine is not None
    assert second.machine is not None
    assert (first.number, first.machine.name, first.machine.ssh_port) == (2, "web-01", 2222)
    assert (first.machine.secret(), first.machine.labels) == ("a", {"site": "b"})
    assert (second.machine.ssh_port, second.machine.secret(), second.machine.labels) == (22, None, {})


def test_a_key_is_a_cell_of_many_lines_and_rows_are_numbered_as_people_see_them() -> None:
    text = f'name,address,private_key\nweb-01,10.0.0.1,"{KEY}"\nweb_02,10.0.0.2,\n'
    first, second = rows(text, "csv")
    assert first.machine is not None
    assert first.machine.secret() == KEY
    assert (second.number, second.machine) == (3, None)
    assert second.reason.startswith("name: ")


def test_yaml_is_a_list_or_has_one() -> None:
    text = "- {name: web-01, address: 10.0.0.1, labels: {site: seoul}}\n- 7\n"
    for form in (text, "machines:\n" + text):
        first, second = rows(form, "yaml")
        assert first.machine is not None
        assert first.machine.labels == {"site": "seoul"}
        assert (second.number, second.machine) == (2, None)


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ("web-01,10.0.0.1,secret,,", "certificate"),
        ("=cmd|' /C calc'!A0,10.0.0.1,,,", "name: "),
        ("web-01,,,,", "address: Field required"),
        ("web-01,10.0.0.1,,,,one,more", "more cells"),
    ],
    ids=["certificate-of-a-password", "formula", "missing", "too-many-cells"],
)
def test_a_row_that_fails_says_why(cells: str, reason: str) -> None:
    certificate = "ssh-ed25519-cert-v01@openssh.com AAAA" if reason == "certificate" else ""
    text = f"name,address,password,private_key,certificate\n{cells}{certificate}\nweb-09,10.0.0.9,,,\n"
    failed, well = rows(text, "csv")
    assert reason in failed.reason
    assert "secret" not in failed.reason
    assert well.machine is not None


def test_a_password_and_a_key_and_a_name_twice_are_said() -> None:
    text = f'name,address,password,private_key\na,10.0.0.1,x,"{KEY}"\nb,10.0.0.2,,\nb,10.0.0.3,,\n'
    both, first, again = rows(text, "csv")
    assert both.reason == "A machine has a password or a private key, not both."
    assert first.machine is not None
    assert again.reason == "The name stands in row 3 already."


BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{after}: &{after} [{','.join([f'*{before}'] * 9)}]\n"
    for before, after in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        (BOMB, "yaml"),
        ("[" * 100_000, "yaml"),
        ("!!python/object/apply:os.system ['true']", "yaml"),
        ("- " * 60_000, "yaml"),
        ("name: web-01", "yaml"),
        ("", "yaml"),
        ("name,adress\nweb-01,10.0.0.1\n", "csv"),
        ("name,name\nweb-01,web-02\n", "csv"),
        ("", "csv"),
        ("name,address\n\x00,b\n", "csv"),
        ("name,address\nM\ufffdller,b\n", "csv"),
        ('name,address\n"web-01,b\n', "csv"),
        ("name,address\n" + "".join(f"m-{number},10.0.0.1\n" for number in range(MAX_ROWS + 1)), "csv"),
    ],
    ids=lambda value: value[:12] if len(value) > 4 else value,
)
def test_what_is_no_list_of_machines_is_refused_as_a_whole(text: str, form: str) -> None:
    with pytest.raises(UnreadableListError):
        rows(text, "yaml" if form == "yaml" else "csv")
