"""A machine as a shell is opened on it, and who may."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Machine:
    """`host_key` is the pinned one. With `ssh_certificates` a certificate opens it; `credential` is ciphertext."""

    vm_id: str
    name: str
    address: str
    ssh_host: str
    ssh_port: int
    ssh_user: str
    host_key: str
    credential: str | None
    project_id: str | None
    owner_id: str | None
    ssh_certificates: bool = False

    def admits(self, account_id: str, *, is_operator: bool) -> bool:
        """Whether an account may enter: an operator every machine, a member those of their own projects."""
        return is_operator or self.owner_id == account_id

    def same_hands(self, other: "Machine") -> bool:
        """Whether it is still the same machine, held by the same project."""
        return (self.project_id, self.owner_id, self.host_key) == (
            other.project_id,
            other.owner_id,
            other.host_key,
        )
