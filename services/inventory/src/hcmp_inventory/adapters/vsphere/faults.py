"""What goes wrong with vCenter, as sentences for whoever set it up."""

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPException
from xml.parsers.expat import ExpatError

from pyVmomi import vim, vmodl

from hcmp_contracts.cause import Cause
from hcmp_inventory.adapters.vsphere.transport import CertificateRefusedError
from hcmp_inventory.ports.connections import AddressRefusedError
from hcmp_inventory.ports.hypervisor import VcenterAccess, VcenterError, VcenterSlug

UNREADABLE = (OSError, HTTPException, ExpatError, ValueError, TypeError, CertificateRefusedError)
# OpenSSL's codes (X509_V_ERR_…, include/openssl/x509_vfy.h) of what can be said in other words than its own.
UNTRUSTED = {
    9: "certificate-not-yet-valid",
    10: "certificate-expired",
    18: "certificate-authority-unknown",
    19: "certificate-authority-unknown",
    20: "certificate-authority-unknown",
    62: "certificate-name-other",
    64: "certificate-name-other",
}
# The problem, a sentence, and the cause with its facts beside where it was.
Told = tuple[VcenterSlug, str, str, Mapping[str, str]]


@contextmanager
def told(access: VcenterAccess) -> Iterator[None]:
    """Whatever fails in here is raised as a VcenterError that says what to do about it."""
    try:
        yield
    except (vmodl.MethodFault, vmodl.RuntimeFault) as fault:
        raise of_fault(fault, access.username) from fault
    except UNREADABLE as error:  # what pyvmomi makes of an answer with types that it does not know, too
        raise of_connection(error, access) from error


def of_address(error: AddressRefusedError) -> VcenterError:
    """Why the address of the server is not connected to."""
    if error.objection == "unresolved":
        text = f"The name {error.address} cannot be resolved."
        return VcenterError("vcenter-name-not-found", text, *error.causes)
    text = f"The platform does not connect to {error.address}: {error.reason}."
    return VcenterError("vcenter-address-refused", text, *error.causes)


def of_connection(error: Exception, access: VcenterAccess) -> VcenterError:
    where = f"{access.host}:{access.port}"
    slug, text, cause, facts = _told_of_connection(error, where)
    return VcenterError(slug, text, Cause.of(cause, host=access.host, port=access.port, **facts))


def _told_of_connection(error: Exception, where: str) -> Told:  # noqa: PLR0911 - one line a cause
    match error:
        case CertificateRefusedError():
            text = f"The certificate of {where} is not trusted: {error}."
            return "vcenter-certificate", text, "certificate-other", {"shown": error.shown}
        case ssl.SSLCertVerificationError():
            said = error.verify_message
            text = f"The certificate of {where} is not trusted: {said}."
            cause = UNTRUSTED.get(error.verify_code, "certificate-untrusted")
            return "vcenter-certificate", text, cause, {"said": said}
        case ssl.SSLError():
            said = error.reason or str(error)
            return "vcenter-certificate", f"No TLS connection to {where}: {said}.", "no-tls", {"said": said}
        case ConnectionRefusedError():
            text = f"{where} refuses connections: nothing listens there."
            return "vcenter-refused", text, "connection-refused", {}
        case TimeoutError():
            return "vcenter-timeout", f"{where} does not answer in time.", "no-answer", {}
        case OSError():
            text = f"The connection to {where} failed: {error}."
            return "vcenter-unreachable", text, "connection-failed", {"said": str(error)}
        case _:
            text = f"{where} does not answer as vCenter or ESXi do: {error}."
            return "vcenter-unreachable", text, "no-vcenter", {"said": str(error)}


def of_fault(fault: Exception, username: str) -> VcenterError:
    match fault:
        case vim.fault.InvalidLogin():
            text = f"{username} is not let in: wrong user name or password."
            return VcenterError("vcenter-login", text, Cause.of("vcenter-login-wrong", user=username))
        case vim.fault.NotAuthenticated():  # a NoPermission to vCenter
            text = f"The server ends every session of {username} at once."
            return VcenterError("vcenter-login", text, Cause.of("vcenter-session-ended", user=username))
        case vim.fault.NoPermission():
            return _not_permitted(str(fault.privilegeId or ""), username)
        case vmodl.fault.ManagedObjectNotFound():
            text = "What was asked for is not there any more."
            return VcenterError("vcenter-not-found", text, Cause.of("vcenter-gone"))
        case vmodl.fault.NotSupported() | vmodl.fault.MethodNotFound():
            text = "This server cannot do that: a single ESXi host makes no clones."
            return VcenterError("vcenter-unsupported", text, Cause.of("vcenter-no-clones"))
        case _:
            kind = type(fault).__name__.rpartition(".")[2]
            text = str(getattr(fault, "msg", "") or "").strip().rstrip(".")
            said = f"{kind}{': ' if text else ''}{text}"
            return VcenterError(
                "vcenter-fault", f"The server answered {said}.", Cause.of("vcenter-fault", said=said)
            )


def _not_permitted(privilege: str, username: str) -> VcenterError:
    if not privilege:
        cause = Cause.of("vcenter-not-permitted", user=username)
        return VcenterError("vcenter-permission", f"{username} may not do this.", cause)
    cause = Cause.of("privileges-missing", user=username, privileges=privilege)
    return VcenterError("vcenter-permission", f"{username} may not do this. It needs {privilege}.", cause)
