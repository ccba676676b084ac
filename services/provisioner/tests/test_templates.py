"""Templates as files: the ones that ship, and each fault that stops the start with a sentence."""

import shutil
from pathlib import Path

import pytest

from hcmp_provisioner.adapters.templates import BrokenTemplateError, load_templates
from hcmp_provisioner.api.catalogue import preferred
from hcmp_provisioner.api.models import TemplateAnswer
from hcmp_provisioner.domain.errors import VariableRefusedError

PLAYBOOKS = Path(__file__).parents[3] / "playbooks"

TEMPLATE = """
id: tiny
title: { en: Tiny, ko: 작은 것 }
description: { en: One machine, ko: 머신 1대 }
roles: [{ name: web, count: 2 }]
variables:
  colour:
    description: { en: A colour, ko: 색 }
    default: red
    pattern: "[a-z]+"
steps: [{ name: { en: Do it, ko: 하기 }, play: one.yml }]
"""
PLAY = "- hosts: all\n  tasks:\n    - ansible.builtin.debug: { msg: !unsafe '{{ x }}' }\n"


@pytest.fixture
def playbooks(tmp_path: Path) -> Path:
    (tmp_path / "templates").mkdir()
    (tmp_path / "plays").mkdir()
    shutil.copy(PLAYBOOKS / "templates" / "template.schema.json", tmp_path / "templates")
    (tmp_path / "templates" / "tiny.yml").write_text(TEMPLATE)
    (tmp_path / "plays" / "one.yml").write_text(PLAY)
    return tmp_path


def test_the_shipped_templates_are_whole() -> None:
    templates = load_templates(PLAYBOOKS)
    assert {name: template.machines for name, template in templates.items()} == {
        "single": 1,
        "three-tier": 3,
        "ha": 5,
    }


def test_a_template_is_read_in_the_readers_language(playbooks: Path) -> None:
    template = load_templates(playbooks)["tiny"]
    korean = TemplateAnswer.of(template, "ko", approval="none", typical_seconds=None)
    assert korean.steps[0].name == "하기"
    assert TemplateAnswer.of(template, "en", approval="none", typical_seconds=None).title == "Tiny"
    assert template.plan()[0].name == "Do it"


def test_a_template_says_what_is_done_when_machines_are_given_back_or_lost(playbooks: Path) -> None:
    plain = load_templates(playbooks)["tiny"]
    assert (plain.teardown, plain.replace) == ((), False)

    text = "teardown: [{ name: { en: Undo it, ko: 되돌리기 }, play: one.yml }]\nreplace: true\n"
    (playbooks / "templates" / "tiny.yml").write_text(TEMPLATE + text)
    template = load_templates(playbooks)["tiny"]

    assert [(step.name.en, step.play) for step in template.teardown] == [("Undo it", "one.yml")]
    assert template.replace
    assert template.plan() == plain.plan(), "a teardown is no step of a run"


def test_a_teardown_without_its_play_stops_the_start(playbooks: Path) -> None:
    text = "teardown: [{ name: { en: Undo it, ko: 되돌리기 }, play: two.yml }]\n"
    (playbooks / "templates" / "tiny.yml").write_text(TEMPLATE + text)
    with pytest.raises(BrokenTemplateError, match=r"two\.yml"):
        load_templates(playbooks)


def test_variables_are_settled_with_their_defaults(playbooks: Path) -> None:
    template = load_templates(playbooks)["tiny"]
    assert template.settle({}) == {"colour": "red"}
    assert template.settle({"colour": "blue"}) == {"colour": "blue"}
    for given in ({"size": "big"}, {"colour": "Blue"}, {"colour": "blue\n"}):
        with pytest.raises(VariableRefusedError):
            template.settle(given)


@pytest.mark.parametrize(
    ("file", "text", "sentence"),
    [
        ("templates/tiny.yml", TEMPLATE.replace("count: 2", "count: 0"), "roles/0/count"),
        ("templates/tiny.yml", TEMPLATE.replace("id: tiny", "id: other"), "its id is 'other'"),
        ("templates/tiny.yml", TEMPLATE.replace("default: red", "default: RED"), "default value"),
        ("templates/tiny.yml", TEMPLATE + "surprise: 1\n", "surprise"),
        ("templates/tiny.yml", "a: [", "is not YAML"),
        ("templates/tiny.yml", TEMPLATE.replace("one.yml", "none.yml"), "cannot be read"),
        ("plays/one.yml", PLAY + PLAY, "not exactly one play"),
        ("plays/one.yml", PLAY + "  any_errors_fatal: false\n", "goes on after a failure"),
        ("plays/one.yml", "[", "is not YAML"),
    ],
)
def test_a_broken_file_says_what_is_wrong_with_it(playbooks: Path, file: str, text: str, sentence: str) -> None:
    (playbooks / file).write_text(text)
    with pytest.raises(BrokenTemplateError, match=sentence):
        load_templates(playbooks)


def test_no_template_at_all_is_a_fault(playbooks: Path) -> None:
    (playbooks / "templates" / "tiny.yml").unlink()
    with pytest.raises(BrokenTemplateError, match="no template"):
        load_templates(playbooks)


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("ko", "ko"),
        ("ko-KR,ko;q=0.9,en;q=0.8", "ko"),
        ("en-GB,en;q=0.9,ko;q=0.5", "en"),
        ("fr,ko;q=0.1", "ko"),
        ("ko;q=x", "en"),
        ("*", "en"),
    ],
)
def test_the_language_is_the_one_that_the_reader_prefers(header: str, language: str) -> None:
    assert preferred(header) == language
