"""How the inventory's errors read at the door."""

import math
from collections.abc import Callable, Iterable
from typing import Any

from hcmp_contracts.cause import Cause
from hcmp_inventory.domain.causes import CausedError
from hcmp_inventory.domain.pool_policy import PoolPolicyExistsError, PoolPolicyUnknownError
from hcmp_inventory.domain.system import ResetInProgressError
from hcmp_inventory.domain.vm_errors import (
    VmInUseError,
    VmNameTakenError,
    VmUnknownError,
    VmWrongStatusError,
)
from hcmp_inventory.handlers.adoption import LARGEST_ADOPTION, TooManyMachinesError
from hcmp_inventory.handlers.imports import ImportIncompleteError, NoProviderError
from hcmp_inventory.handlers.machines import MachineUsedError
from hcmp_inventory.handlers.versioned import ChangedMeanwhileError
from hcmp_inventory.ports.connections import (
    AddressRefusedError,
    CertificateUnavailableError,
    CommandFailedError,
    CredentialRefusedError,
    HostKeyMismatchError,
    UnreachableError,
)
from hcmp_inventory.ports.hypervisor import VcenterError
from hcmp_inventory.ports.services import (
    AccountsUnavailableError,
    BackupFailedError,
    TooManyAttemptsError,
    WrongPasswordError,
)
from hcmp_webkit.problems import ErrorTable, Problem, not_found


def _name_taken(error: VmNameTakenError) -> Problem:
    return Problem(
        "vm-name-taken",
        title="A machine of this name exists",
        status=409,
        detail=f"The pool has a machine named {error.name}. Choose another name, or retire that one first.",
        name=error.name,
    )


def _in_use(error: VmInUseError) -> Problem:
    return Problem(
        "vm-in-use",
        title="The machine is in use",
        status=409,
        detail=f"A project holds {error.name}. It can be changed once the project has given it back.",
        name=error.name,
        project_id=error.project_id,
    )


def _wrong_status(error: VmWrongStatusError) -> Problem:
    return Problem(
        "vm-wrong-status",
        title="Not possible for the machine as it is",
        status=409,
        detail=f"{error.name} is {error.status}.",
        name=error.name,
        vm_status=error.status,
        attempted=error.attempted,
    )


def _unreachable(error: UnreachableError) -> Problem:
    return Problem(
        "vm-unreachable",
        title="The machine cannot be reached",
        status=409,
        detail=f"{error}. Check address and port, and that SSH answers from here.",
        host=error.host,
        port=error.port,
    )


def _address_refused(error: AddressRefusedError) -> Problem:
    return Problem(
        "address-refused",
        title="The platform does not connect to this address",
        status=409,
        detail=f"{error}.",
        address=error.address,
    )


def _host_key_mismatch(error: HostKeyMismatchError) -> Problem:
    return Problem(
        "host-key-mismatch",
        title="The machine shows another host key than the pinned one",
        status=409,
        detail="Somebody may be in between, or the machine was made anew. It was not signed in to.",
        pinned=error.pinned,
        presented=error.presented,
    )


def _credential_refused(error: CredentialRefusedError) -> Problem:
    return Problem(
        "credential-refused",
        title="The machine does not let the platform in",
        status=409,
        detail=f"{error}. Check the user, and the password or key; without one the machine must trust the "
        "platform's SSH certificate authority.",
    )


def _certificate_unavailable(error: CertificateUnavailableError) -> Problem:
    return Problem(
        "certificate-unavailable",
        title="There is no SSH certificate at the moment",
        status=503,
        detail=f"{error} Try again in a moment.",
        headers={"Retry-After": "5"},
    )


def _command_failed(error: CommandFailedError) -> Problem:
    return Problem(
        "command-failed",
        title="The platform cannot work on the machine",
        status=409,
        detail=f"It was let in, but could not look around as root: {error}. The user needs sudo, and the machine "
        "Python 3.",
        reason=error.reason,
    )


def _machine_used(error: MachineUsedError) -> Problem:
    return Problem(
        "vm-used",
        title="The machine was not cleaned since a project had it",
        status=409,
        detail=f"{error}. Set it up anew, or clean it and remove /etc/hcmp; then add it.",
        name=error.name,
    )


def _import_incomplete(error: ImportIncompleteError) -> Problem:
    return Problem(
        "import-incomplete",
        title="Some machines could not be made",
        status=503,
        detail=f"{len(error.registered)} machines are in the pool, {len(error.failures)} could not be made. "
        "Repeat the request under the same Idempotency-Key to go on.",
        headers={"Retry-After": "5"},
        registered=error.registered,
        failures={name: why.text for name, why in error.failures.items()},
        failure_causes={name: _written(why.causes) for name, why in error.failures.items()},
    )


def _vcenter(error: VcenterError) -> Problem:
    """What is set up wrongly is for the operator to change; the rest lies with the server."""
    status = (
        409 if error.slug in ("vcenter-not-configured", "vcenter-setting-invalid", "vcenter-not-found") else 502
    )
    return Problem(error.slug, title="vCenter could not be asked", status=status, detail=str(error))


def _too_many_machines(error: TooManyMachinesError) -> Problem:
    return Problem(
        "too-many-machines",
        title="More machines than are taken at once",
        status=409,
        detail=f"The choice leaves {error.found} machines, and at most {LARGEST_ADOPTION} are taken at once.",
        found=error.found,
    )


def _no_provider(error: NoProviderError) -> Problem:
    return Problem(
        "no-such-provider",
        title="This installation has no such provider",
        status=409,
        detail=f"There is no provider {error.provider} here: no lab was set up.",
    )


def _resetting(_: Any) -> Problem:
    return Problem(
        "reset-in-progress",
        title="The installation is being reset",
        status=503,
        detail="Nothing can be added before the factory reset has ended. Try again in a moment.",
        headers={"Retry-After": "5"},
    )


def _wrong_password(_: Any) -> Problem:
    return Problem("wrong-password", title="Wrong password", status=403, detail="This is not your password.")


def _too_many_attempts(error: TooManyAttemptsError) -> Problem:
    seconds = math.ceil(error.retry_after)
    return Problem(
        "too-many-attempts",
        title="Too many attempts",
        status=429,
        detail=f"Too many wrong passwords. Try again in {seconds} s.",
        headers={"Retry-After": str(seconds)},
    )


def _accounts_unavailable(_: Any) -> Problem:
    return Problem(
        "identity-unavailable",
        title="Sign-in is not available",
        status=503,
        detail="The auth service did not answer. Try again in a moment.",
        headers={"Retry-After": "3"},
    )


def _backup_failed(error: BackupFailedError) -> Problem:
    return Problem(
        "backup-failed",
        title="The reset did not begin: no backup could be taken",
        status=503,
        detail=f"Nothing was deleted. The backup that comes first failed: {error}.",
    )


def _changed_meanwhile(_: Any) -> Problem:
    return Problem(
        "precondition-failed",
        title="It was changed meanwhile",
        status=412,
        detail="Somebody else has changed it since you read it. Read it again and repeat your change.",
    )


def _policy_exists(error: PoolPolicyExistsError) -> Problem:
    return Problem(
        "policy-exists",
        title="There is a policy of this name",
        status=412,
        detail=f"Somebody else has made the policy {error.name} meanwhile. Look at it, or choose another name.",
        name=error.name,
    )


def _written(causes: Iterable[Cause]) -> list[dict[str, Any]]:
    return [cause.model_dump() for cause in causes]


def _with_causes(kind: type[Exception], answer: Callable[[Any], Problem]) -> Callable[[Any], Problem]:
    """What is told by slug and facts is answered so, beside the English sentence."""
    if not issubclass(kind, CausedError):
        return answer

    def answered(error: CausedError) -> Problem:
        problem = answer(error)
        problem.facts = {**problem.facts, "causes": _written(error.causes)}
        return problem

    return answered


_ANSWERS: ErrorTable = {
    VmUnknownError: lambda _: not_found(),
    VmNameTakenError: _name_taken,
    VmInUseError: _in_use,
    VmWrongStatusError: _wrong_status,
    UnreachableError: _unreachable,
    AddressRefusedError: _address_refused,
    HostKeyMismatchError: _host_key_mismatch,
    CredentialRefusedError: _credential_refused,
    CertificateUnavailableError: _certificate_unavailable,
    CommandFailedError: _command_failed,
    MachineUsedError: _machine_used,
    NoProviderError: _no_provider,
    VcenterError: _vcenter,
    TooManyMachinesError: _too_many_machines,
    ResetInProgressError: _resetting,
    WrongPasswordError: _wrong_password,
    TooManyAttemptsError: _too_many_attempts,
    AccountsUnavailableError: _accounts_unavailable,
    BackupFailedError: _backup_failed,
    ChangedMeanwhileError: _changed_meanwhile,
    PoolPolicyExistsError: _policy_exists,
    PoolPolicyUnknownError: lambda _: not_found(),
}
ERRORS: ErrorTable = {
    **{kind: _with_causes(kind, answer) for kind, answer in _ANSWERS.items()},
    ImportIncompleteError: _import_incomplete,  # which tells the causes of each machine
}
