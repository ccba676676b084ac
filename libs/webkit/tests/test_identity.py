"""Access tokens: only our own, for us, alive, and of a session that was not ended."""

import asyncio
import base64
import json
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from jwt.algorithms import OKPAlgorithm

from hcmp_webkit.identity import JWKS_RETRY_SECONDS, Identity, Principal
from hcmp_webkit.problems import Problem

KEY = Ed25519PrivateKey.generate()
OTHER_KEY = Ed25519PrivateKey.generate()
RSA_KEY = generate_private_key(65537, 2048)


def jwks() -> dict[str, Any]:
    jwk = OKPAlgorithm.to_jwk(KEY.public_key(), as_dict=True)
    return {"keys": [{**jwk, "kid": "k1", "alg": "EdDSA", "use": "sig"}]}


async def fetch_jwks() -> dict[str, Any]:
    return jwks()


async def redeem(ticket: str, target: str) -> Principal:
    raise AssertionError(ticket + target)


@pytest.fixture
def identity() -> Identity:
    return Identity(fetch_jwks=fetch_jwks, redeem=redeem)


def claims(**changes: Any) -> dict[str, Any]:
    now = time.time()
    good = {
        "iss": "hcmp", "aud": "hcmp", "sub": "account-1", "jti": "1", "iat": now, "exp": now + 900,
        "username": "mina", "role": "user", "sid": "session-1",
    }  # fmt: skip
    return {name: value for name, value in (good | changes).items() if value is not None}


def token(key: Any = KEY, algorithm: str = "EdDSA", headers: dict[str, Any] | None = None, **changes: Any) -> str:
    return jwt.encode(claims(**changes), key, algorithm, headers={"typ": "at+jwt", "kid": "k1"} | (headers or {}))


def unsigned() -> str:
    def part(value: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part({'alg': 'none', 'typ': 'at+jwt', 'kid': 'k1'})}.{part(claims())}."


def tampered() -> str:
    head, body, signature = token().split(".")
    middle = len(body) // 2
    return ".".join([head, body[:middle] + ("A" if body[middle] != "A" else "B") + body[middle + 1 :], signature])


async def test_our_own_token_names_its_account(identity: Identity) -> None:
    principal = await identity.verify(token())
    assert (principal.account_id, principal.username, principal.role) == ("account-1", "mina", "user")


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param(unsigned(), id="no signature"),
        pytest.param(tampered(), id="tampered"),
        pytest.param(token(OTHER_KEY), id="another key under our kid"),
        pytest.param(token(OTHER_KEY, headers={"kid": "k2"}), id="foreign kid"),
        pytest.param(token(RSA_KEY, "RS256"), id="another algorithm"),
        pytest.param(token(jwks()["keys"][0]["x"], "HS256"), id="our public key as a shared secret"),
        pytest.param(token(headers={"typ": "JWT"}), id="another type of token"),
        pytest.param(token(headers={"kid": ""}), id="no kid"),
        pytest.param(token(aud="someone-else"), id="another audience"),
        pytest.param(token(iss="someone-else"), id="another issuer"),
        pytest.param(token(exp=time.time() - 60), id="expired"),
        pytest.param(token(exp=None), id="never expires"),
        pytest.param(token(sub=None), id="no subject"),
        pytest.param(token(role="emperor"), id="a role that does not exist"),
        pytest.param("not.a.token", id="garbage"),
    ],
)
async def test_any_other_token_is_refused(identity: Identity, bad: str) -> None:
    with pytest.raises(Problem) as refused:
        await identity.verify(bad)
    assert (refused.value.status, refused.value.slug) == (401, "invalid-token")


async def test_a_key_named_inside_the_token_is_never_used(identity: Identity) -> None:
    jwk = OKPAlgorithm.to_jwk(OTHER_KEY.public_key(), as_dict=True)
    with pytest.raises(Problem):
        await identity.verify(token(OTHER_KEY, headers={"jwk": jwk, "jku": "http://127.0.0.1:1/jwks"}))


async def test_a_session_that_was_ended_does_not_count_any_more(identity: Identity) -> None:
    principal = await identity.verify(token())
    identity.revocations.before["account-1"] = datetime.now(UTC)
    with pytest.raises(Problem, match="ended"):
        await identity.verify(token(iat=time.time() - 5))
    assert identity.revocations.cover(principal)
    assert not identity.revocations.cover(replace(principal, issued_at=datetime.now(UTC) + timedelta(seconds=1)))


async def test_foreign_kids_do_not_make_us_fetch_keys_each_time() -> None:
    fetched = 0

    async def counting() -> dict[str, Any]:
        nonlocal fetched
        fetched += 1
        return jwks()

    identity = Identity(fetch_jwks=counting, redeem=redeem)
    for number in range(50):
        with pytest.raises(Problem):
            await identity.verify(token(OTHER_KEY, headers={"kid": f"foreign-{number}"}))
    assert fetched == 1


async def test_a_silent_auth_service_holds_up_nobody_whose_key_is_known() -> None:
    silent = asyncio.Event()

    async def once() -> dict[str, Any]:
        if silent.is_set():
            await asyncio.sleep(60)
        silent.set()
        return jwks()

    identity = Identity(fetch_jwks=once, redeem=redeem)
    await identity.verify(token(KEY))
    identity._fetched = -JWKS_RETRY_SECONDS
    stranger = asyncio.create_task(identity.verify(token(OTHER_KEY, headers={"kid": "foreign"})))
    await asyncio.sleep(0)
    async with asyncio.timeout(1):
        await identity.verify(token(KEY))
    stranger.cancel()
