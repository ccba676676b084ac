"""Access tokens as the rest of the platform checks them, and what it refuses."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from uuid_utils.compat import uuid7

from hcmp_auth.adapters.signing import SigningKey
from hcmp_auth.ports import Bearer
from hcmp_contracts.account import Role
from hcmp_webkit.identity import Identity, Principal
from hcmp_webkit.problems import Problem

PRIVATE = Ed25519PrivateKey.generate()
KEY = SigningKey(PRIVATE, new_id=uuid7)
ALICE = Bearer(account_id=str(uuid7()), username="alice", role=Role.USER, session_id=str(uuid7()))
Forgery = Callable[[dict[str, Any], dict[str, Any]], str]


def identity() -> Identity:
    async def jwks() -> dict[str, Any]:
        return KEY.jwks()

    async def redeem(ticket: str, target: str) -> Principal:
        raise NotImplementedError

    return Identity(fetch_jwks=jwks, redeem=redeem)


async def test_a_token_says_who_its_bearer_is() -> None:
    now = datetime.now(UTC)
    principal = await identity().verify(KEY.access_token(ALICE, now))
    assert (principal.account_id, principal.username) == (ALICE.account_id, "alice")
    assert (principal.role, principal.session_id) == (Role.USER, ALICE.session_id)
    assert abs(principal.issued_at - now) < timedelta(milliseconds=1)
    assert principal.expires_at - principal.issued_at == timedelta(minutes=15)


def test_the_key_id_is_the_thumbprint_of_rfc_7638() -> None:
    """The example key of RFC 8037, appendix A.3."""
    seed = jwt.utils.base64url_decode(b"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A")
    key = SigningKey(Ed25519PrivateKey.from_private_bytes(seed), new_id=uuid7)
    assert key.kid == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    [jwk] = key.jwks()["keys"]
    assert jwk["x"] == "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    assert "d" not in jwk


def test_the_header_names_type_algorithm_and_key_and_nothing_else() -> None:
    header = jwt.get_unverified_header(KEY.access_token(ALICE, datetime.now(UTC)))
    assert header == {"typ": "at+jwt", "alg": "EdDSA", "kid": KEY.kid}


def test_another_kind_of_key_stops_the_start(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    other = generate_private_key(SECP256R1())
    path.write_bytes(other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(TypeError, match="no Ed25519 key"):
        SigningKey.read(path, new_id=uuid7)


def signed(claims: dict[str, Any], header: dict[str, Any], key: Any = PRIVATE, algorithm: str = "EdDSA") -> str:
    return jwt.encode(claims, key, algorithm=algorithm, headers=header)


def with_claims(**changes: Any) -> Forgery:
    return lambda claims, header: signed(
        {name: value for name, value in {**claims, **changes}.items() if value is not None}, header
    )


def with_header(**changes: Any) -> Forgery:
    return lambda claims, header: signed(claims, {**header, **changes})


def unsigned(claims: dict[str, Any], header: dict[str, Any]) -> str:
    return signed(claims, header, None, "none")


def signed_with_the_public_key_as_a_secret(claims: dict[str, Any], header: dict[str, Any]) -> str:
    return signed(claims, header, KEY.jwks()["keys"][0]["x"].encode(), "HS256")


def signed_by_another_key(claims: dict[str, Any], header: dict[str, Any]) -> str:
    return signed(claims, header, Ed25519PrivateKey.generate())


def with_a_changed_claim(claims: dict[str, Any], header: dict[str, Any]) -> str:
    head, _, signature = signed(claims, header).split(".")
    payload = jwt.utils.base64url_encode(json.dumps({**claims, "role": "admin"}).encode()).decode()
    return f"{head}.{payload}.{signature}"


def cut_short(claims: dict[str, Any], header: dict[str, Any]) -> str:
    return signed(claims, header)[:-4]


@pytest.mark.parametrize(
    "forge",
    [
        pytest.param(unsigned, id="alg none"),
        pytest.param(signed_with_the_public_key_as_a_secret, id="confused algorithm"),
        pytest.param(signed_by_another_key, id="another key"),
        pytest.param(with_a_changed_claim, id="changed claim"),
        pytest.param(cut_short, id="cut short"),
        pytest.param(with_claims(aud="somebody-else"), id="wrong audience"),
        pytest.param(with_claims(iss="somebody-else"), id="wrong issuer"),
        pytest.param(with_claims(exp=0), id="expired"),
        pytest.param(with_claims(exp=None), id="without an end"),
        pytest.param(with_claims(sub=None), id="without a subject"),
        pytest.param(with_claims(jti=None), id="without an id"),
        pytest.param(with_claims(role="emperor"), id="a role that is none"),
        pytest.param(with_claims(sid=None), id="without a session"),
        pytest.param(with_header(typ="JWT"), id="another type of token"),
        pytest.param(with_header(kid="unknown"), id="foreign key id"),
        pytest.param(with_header(jwk={"kty": "OKP"}, kid="mine"), id="a key of its own"),
    ],
)
async def test_a_forged_token_is_refused(forge: Forgery) -> None:
    token = KEY.access_token(ALICE, datetime.now(UTC))
    claims = jwt.decode(token, options={"verify_signature": False})
    forged = forge(claims, {"typ": "at+jwt", "kid": KEY.kid})
    with pytest.raises(Problem) as refused:
        await identity().verify(forged)
    assert (refused.value.status, refused.value.slug) == (401, "invalid-token")


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "..", "e30.e30.e30"])
async def test_what_is_no_token_at_all_is_refused(token: str) -> None:
    with pytest.raises(Problem):
        await identity().verify(token)
