"""The signing key: access tokens, and the key set by which others check them.

Sources: RFC 8725 (JWT best current practices), RFC 9068 (`typ: at+jwt`), RFC 7638 (`kid`).
"""

import base64
import hashlib
import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from hcmp_auth.domain.session import ACCESS_TOKEN_LIFE
from hcmp_auth.ports import Bearer
from hcmp_webkit.identity import ALGORITHM, AUDIENCE, ISSUER, TOKEN_TYPE


class SigningKey:
    def __init__(self, private_key: Ed25519PrivateKey, *, new_id: Callable[[], UUID]) -> None:
        self._private_key = private_key
        self._new_id = new_id
        public = private_key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self._jwk = {"crv": "Ed25519", "kty": "OKP", "x": _base64url(public)}
        self.kid = _thumbprint(self._jwk)

    @classmethod
    def read(cls, path: Path, *, new_id: Callable[[], UUID]) -> "SigningKey":
        """Raises ValueError when the file holds another kind of key."""
        key = load_pem_private_key(path.read_bytes(), password=None)
        if not isinstance(key, Ed25519PrivateKey):
            raise TypeError(f"{path} holds no Ed25519 key")
        return cls(key, new_id=new_id)

    def access_token(self, bearer: Bearer, now: datetime) -> str:
        """Times have fractions of a second, so that a session ended in the second it began in is told apart."""
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": bearer.account_id,
            "username": bearer.username,
            "role": str(bearer.role),
            "sid": bearer.session_id,
            "jti": str(self._new_id()),
            "iat": now.timestamp(),
            "exp": (now + ACCESS_TOKEN_LIFE).timestamp(),
        }
        headers = {"typ": TOKEN_TYPE, "kid": self.kid}
        return jwt.encode(claims, self._private_key, algorithm=ALGORITHM, headers=headers)

    def jwks(self) -> dict[str, Any]:
        """The public key, as a JSON Web Key Set."""
        return {"keys": [self._jwk | {"kid": self.kid, "use": "sig", "alg": ALGORITHM}]}


def _thumbprint(jwk: dict[str, str]) -> str:
    canonical = json.dumps(jwk, sort_keys=True, separators=(",", ":")).encode()
    return _base64url(hashlib.sha256(canonical).digest())


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
