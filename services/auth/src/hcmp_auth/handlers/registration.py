"""Registering an account: a stored hash and an event, of which neither counts without the other.

The hash is stored first, under an id of its own; the event names that id as its cause. A crash between
leaves a hash that nothing names, and the name is still free.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import structlog

from hcmp_auth.domain.account import ACCOUNT, Details, UsernameTakenError, account_id_of
from hcmp_auth.domain.account_commands import AccountCommand, Approve, Register
from hcmp_auth.domain.password import PasswordRules, own_names
from hcmp_auth.handlers.errors import IdempotencyKeyReusedError
from hcmp_auth.handlers.history import AccountHistory, read_history
from hcmp_auth.ports import Credential, Credentials, Passwords, Throttle
from hcmp_contracts.account import Role
from hcmp_eventstore.decider import Decision, execute
from hcmp_eventstore.projector import Projector
from hcmp_eventstore.recorded import Context
from hcmp_eventstore.store import EventStore

log = structlog.get_logger(__name__)

USER_MACHINE_QUOTA = 10
OPERATOR_MACHINE_QUOTA = 100
USER_RUN_QUOTA = 10
OPERATOR_RUN_QUOTA = 100


@dataclass(frozen=True)
class Applicant:
    username: str
    full_name: str
    email: str
    password: str


@dataclass(frozen=True)
class Registration:
    store: EventStore
    projector: Projector
    credentials: Credentials
    passwords: Passwords
    throttle: Throttle
    rules: PasswordRules
    clock: Callable[[], datetime]
    new_id: Callable[[], UUID]

    async def register(
        self, applicant: Applicant, context: Context, *, address: str, idempotency_key: str | None
    ) -> str:
        """The id of the account, which waits for approval.

        A repeated request under its own key gets the same answer. Raises UsernameTakenError,
        IdempotencyKeyReusedError, WeakPasswordError and TooManyAttemptsError.
        """
        self.rules.require(applicant.password, own=own_names(applicant.username, applicant.email))
        await self.throttle.take([f"registration:{address}"], self.clock())
        account_id = account_id_of(applicant.username)
        known = await read_history(self.store, account_id)
        if known.registered is not None:
            await self._refuse_unless_repeated(known, applicant, idempotency_key)
            return account_id
        command = Register(
            username=applicant.username,
            full_name=applicant.full_name,
            email=applicant.email,
            role=Role.USER,
            machine_quota=USER_MACHINE_QUOTA,
            run_quota=USER_RUN_QUOTA,
        )
        credential = await self._offer(account_id, applicant.password, idempotency_key)
        try:
            await self._append(credential, [command], context)
        except UsernameTakenError:  # somebody was faster, or this very request under the same key
            known = await read_history(self.store, account_id)
            await self._refuse_unless_repeated(known, applicant, idempotency_key)
        return account_id

    async def ensure_operator(self, username: str, password: str, context: Context) -> None:
        """An approved admin of this name, unless the name has an account already."""
        account_id = account_id_of(username)
        if (await read_history(self.store, account_id)).registered is not None:
            return
        command = Register(
            username=username,
            full_name="Operator",
            email=f"{username}@localhost",
            role=Role.ADMIN,
            machine_quota=OPERATOR_MACHINE_QUOTA,
            run_quota=OPERATOR_RUN_QUOTA,
        )
        credential = await self._offer(account_id, password, None)
        try:
            await self._append(credential, [command, Approve()], context)
        except UsernameTakenError:
            log.info("operator_registered_by_another_copy", username=username)

    async def _offer(self, account_id: str, password: str, idempotency_key: str | None) -> Credential:
        credential = Credential(
            id=str(self.new_id()),
            account_id=account_id,
            password_hash=await self.passwords.hash(password),
            idempotency_key=_fingerprint(idempotency_key),
        )
        await self.credentials.offer(credential)
        return credential

    async def _append(self, credential: Credential, commands: Sequence[AccountCommand], context: Context) -> None:
        decision = Decision(ACCOUNT, credential.account_id, commands)
        try:
            sequence = await execute(self.store, [decision], replace(context, causation_id=credential.id))
        except UsernameTakenError:
            await self.credentials.forget(credential.id)
            raise
        await self.projector.wait_for(sequence)

    async def _refuse_unless_repeated(
        self, known: AccountHistory, applicant: Applicant, idempotency_key: str | None
    ) -> None:
        """Only the key of the request that registered the name makes a second one its repetition."""
        stored = await self.credentials.find(known.credential_id) if known.credential_id else None
        if stored is None or idempotency_key is None or stored.idempotency_key != _fingerprint(idempotency_key):
            raise UsernameTakenError(applicant.username)
        same_person = known.registered is not None and _is_of(applicant, known.registered.details)
        if not await self.passwords.verify(stored.password_hash, applicant.password) or not same_person:
            raise IdempotencyKeyReusedError


def _is_of(applicant: Applicant, details: Details) -> bool:
    given = (applicant.username, applicant.full_name, applicant.email)
    return given == (details.username, details.full_name, details.email)


def _fingerprint(idempotency_key: str | None) -> str | None:
    return hashlib.sha256(idempotency_key.encode()).hexdigest() if idempotency_key else None
