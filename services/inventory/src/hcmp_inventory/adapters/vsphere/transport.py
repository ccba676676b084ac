"""The TLS connections below pyvmomi: to the address that was checked, to the certificate that is trusted, in time.

pyvmomi itself has no timeout, resolves the name again for every connection, and looks at a pinned fingerprint only
where the certificate has failed otherwise. So its connections are made here.
"""

import contextlib
import hmac
import socket
import ssl
import threading
from dataclasses import dataclass, field
from hashlib import sha256
from http.client import HTTPConnection, HTTPSConnection
from typing import Any

from pyVmomi import SoapAdapter

from hcmp_contracts.cause import Cause
from hcmp_inventory.ports.hypervisor import VcenterAccess, VcenterError

# Each wait for bytes; the time of a whole call is bounded by who makes it.
CONNECT_SECONDS = 5.0
READ_SECONDS = 30.0
CONNECTIONS = 16
# The interface of vSphere 6.7, which everything since then speaks too.
API = "vim.version.version12"


class CertificateRefusedError(Exception):
    """The server shows another certificate than the pinned one: that with this SHA-256 fingerprint."""

    def __init__(self, shown: str) -> None:
        super().__init__(f"it shows the certificate {shown}, pinned is another one")
        self.shown = shown


def tls_context(access: VcenterAccess) -> ssl.SSLContext:
    """What a connection is held to. A pinned fingerprint replaces the authorities and is checked by `Dial`.

    Raises VcenterError when the authorities given cannot be read.
    """
    context = ssl.create_default_context()
    if access.fingerprint:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif access.ca_pem:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        try:
            context.load_verify_locations(cadata=access.ca_pem)
        except (ssl.SSLError, ValueError) as error:
            text = "The CA certificate is no PEM certificate."
            raise VcenterError("vcenter-setting-invalid", text, Cause.of("authority-unreadable")) from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


@dataclass
class Dial:
    """Makes connections to one server, and cuts the one that a thread works on."""

    access: VcenterAccess
    address: str
    connect_seconds: float = CONNECT_SECONDS
    read_seconds: float = READ_SECONDS
    _context: ssl.SSLContext = field(init=False)
    _in_use: dict[int, HTTPConnection] = field(default_factory=dict)
    _late: set[int] = field(default_factory=set)
    _over: bool = False

    def __post_init__(self) -> None:
        self._context = tls_context(self.access)

    def adapter(self) -> SoapAdapter.SoapStubAdapter:
        """The end of pyvmomi, whose connections come from here. One per session: it keeps the session's cookie."""
        made: Any = SoapAdapter.SoapStubAdapter(
            host=self.access.host, port=self.access.port, version=API, poolSize=CONNECTIONS
        )
        made.scheme = lambda **_: _Connection(self)
        take, give_back = made.GetConnection, made.ReturnConnection

        def taken() -> HTTPConnection:
            if threading.get_ident() in self._late:
                raise TimeoutError
            connection: HTTPConnection = take()
            self._in_use[threading.get_ident()] = connection
            return connection

        def given_back(connection: HTTPConnection) -> None:
            """What comes back after the end, from a thread that was late, is not kept."""
            give_back(connection)
            if self._over:
                made.DropConnections()

        made.GetConnection, made.ReturnConnection = taken, given_back
        adapter: SoapAdapter.SoapStubAdapter = made
        return adapter

    def end(self, adapter: SoapAdapter.SoapStubAdapter) -> None:
        """Close what is open and not in use, now and later."""
        self._over = True
        adapter.DropConnections()

    def opened(self) -> HTTPConnection:
        """A connection beside pyvmomi's, for this thread's work; the caller closes it."""
        connection = _Connection(self)
        connection.connect()
        self._in_use[threading.get_ident()] = connection
        return connection

    def release(self, thread: int) -> None:
        """The work of this thread is done."""
        self._in_use.pop(thread, None)
        self._late.discard(thread)

    def cut(self, thread: int) -> None:
        """End the connection that this thread waits on, so that it waits no longer; it gets no other one."""
        self._late.add(thread)
        connection = self._in_use.get(thread)
        if connection is not None and connection.sock is not None:
            with contextlib.suppress(OSError):  # it has just ended by itself
                connection.sock.shutdown(socket.SHUT_RDWR)

    def connected(self) -> ssl.SSLSocket:
        """A new connection, checked. Raises OSError, ssl.SSLError, CertificateRefusedError."""
        plain = socket.create_connection((self.address, self.access.port), self.connect_seconds)
        try:
            secured = self._context.wrap_socket(plain, server_hostname=self.access.host)
            self._check_pin(secured)
        except BaseException:
            plain.close()
            raise
        secured.settimeout(self.read_seconds)
        secured.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return secured

    def _check_pin(self, secured: ssl.SSLSocket) -> None:
        if not self.access.fingerprint:
            return
        shown = sha256(secured.getpeercert(binary_form=True) or b"").hexdigest()
        if not hmac.compare_digest(shown, self.access.fingerprint.replace(":", "").lower()):
            secured.close()
            raise CertificateRefusedError(shown)


class _Connection(HTTPSConnection):
    """pyvmomi names a host and a port, which the dial knows better."""

    def __init__(self, dial: Dial) -> None:
        super().__init__(dial.access.host, dial.access.port)
        self._dial = dial

    def connect(self) -> None:
        self.sock = self._dial.connected()
