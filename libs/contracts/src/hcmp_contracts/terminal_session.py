"""Facts about shells that people opened on machines."""

from typing import ClassVar

from hcmp_contracts.envelope import DomainEvent


class TerminalSessionOpened(DomainEvent):
    event_type: ClassVar[str] = "hcmp.terminal-session.opened.v1"
    vm_id: str
    vm_name: str
    project_id: str | None
    account_id: str
    username: str


class TerminalSessionClosed(DomainEvent):
    """`exit_status` is the shell's, absent when the connection ended first; `reason` is a slug."""

    event_type: ClassVar[str] = "hcmp.terminal-session.closed.v1"
    exit_status: int | None
    reason: str


TerminalSessionEvent = TerminalSessionOpened | TerminalSessionClosed
