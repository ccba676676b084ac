"""A sealed secret opens for its own row and purpose, under its own key, and nowhere else."""

import pytest
from cryptography.fernet import Fernet
from hypothesis import assume, given
from hypothesis import strategies as st

from hcmp_webkit.vault import Binding, UnknownKeyError, UnreadableSecretError, Vault, WrongBindingError, key_id

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()
BEFORE, DURING, AFTER = Vault(OLD), Vault(f"{NEW}, {OLD}"), Vault(NEW)

bindings = st.builds(Binding, purpose=st.text(), row=st.text())
# Also texts that look like a sealed secret's plaintext.
texts = st.text() | st.builds(
    '{{"purpose": "{}", "row": "{}"}}'.format, st.sampled_from("ab"), st.sampled_from("12")
)


def bare(secret: str) -> str:
    """As secrets were stored before they were bound."""
    return Fernet(OLD).encrypt(secret.encode()).decode()


@given(texts, bindings)
def test_a_secret_opens_for_its_own_row_and_purpose_also_when_its_key_is_the_older_one(
    secret: str, binding: Binding
) -> None:
    sealed = BEFORE.seal(secret, binding)
    assert sealed.startswith(f"{key_id(OLD)}.")
    assert BEFORE.open(sealed, binding) == DURING.open(sealed, binding) == secret


@given(st.text(), bindings, bindings)
def test_a_secret_opens_for_no_other_row_and_for_no_other_purpose(
    secret: str, binding: Binding, other: Binding
) -> None:
    assume(binding != other)
    sealed = BEFORE.seal(secret, binding)
    for elsewhere in (other, Binding(binding.purpose, other.row), Binding(other.purpose, binding.row)):
        if elsewhere != binding:
            with pytest.raises(WrongBindingError):
                DURING.open(sealed, elsewhere)
            with pytest.raises(WrongBindingError):
                DURING.renewed(sealed, elsewhere)


@given(st.text(), bindings, bindings)
def test_without_the_name_of_its_key_a_secret_stays_bound(secret: str, binding: Binding, other: Binding) -> None:
    assume(binding != other)
    _, token = BEFORE.seal(secret, binding).split(".")
    with pytest.raises(WrongBindingError):
        DURING.open(token, other)


@given(st.text(), bindings)
def test_a_secret_under_a_key_that_is_not_there_says_so(secret: str, binding: Binding) -> None:
    for ciphertext in (BEFORE.seal(secret, binding), bare(secret)):
        with pytest.raises(UnknownKeyError):
            AFTER.open(ciphertext, binding)


@given(st.text(), bindings)
def test_no_other_key_is_tried_than_the_one_that_is_named(secret: str, binding: Binding) -> None:
    _, token = BEFORE.seal(secret, binding).split(".")
    with pytest.raises(UnreadableSecretError, match="damaged"):
        DURING.open(f"{key_id(NEW)}.{token}", binding)


@given(texts, bindings)
def test_what_was_stored_before_secrets_were_bound_opens_until_it_is_renewed(
    secret: str, binding: Binding
) -> None:
    assert BEFORE.open(bare(secret), binding) == secret
    renewed = DURING.renewed(bare(secret), binding)
    assert renewed is not None
    assert AFTER.open(renewed, binding) == secret
    assert AFTER.renewed(renewed, binding) is None, "once is enough"


@given(st.text(), bindings)
def test_an_unbound_secret_is_renewed_under_the_very_same_key(secret: str, binding: Binding) -> None:
    renewed = BEFORE.renewed(bare(secret), binding)
    assert renewed is not None
    assert BEFORE.open(renewed, binding) == secret


@given(st.text(), bindings)
def test_an_unbound_secret_does_not_pass_for_a_bound_one(secret: str, binding: Binding) -> None:
    with pytest.raises(UnreadableSecretError):
        BEFORE.open(f"{key_id(OLD)}.{bare(secret)}", binding)


@given(st.text(), bindings)
def test_rubbish_is_unreadable(text: str, binding: Binding) -> None:
    for ciphertext in (text, f"{key_id(OLD)}.{text}"):
        with pytest.raises(UnreadableSecretError):
            BEFORE.open(ciphertext, binding)


def test_nothing_is_sealed_without_a_key() -> None:
    with pytest.raises(ValueError, match="no key"):
        Vault(" , ")
