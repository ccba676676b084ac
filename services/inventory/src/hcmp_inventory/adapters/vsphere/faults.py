"""What goes wrong with vCenter, as sentences for whoever set it up."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from xml.parsers.expat import ExpatError

from pyVmomi import vim, vmodl

from hcmp_inventory.adapters.vsphere.transport import CertificateRefusedError
from hcmp_inventory.ports.connections import AddressRefusedError
from hcmp_inventory.ports.hypervisor import VcenterAccess, VcenterError

UNREADABLE = (OSError, HTTPException, ExpatError, ValueError, TypeError, CertificateRefusedError)


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
    if "cannot be resolved" in error.reason:
        return VcenterError("vcenter-name-not-found", f"The name {error.address} cannot be resolved.")
    return VcenterError(
        "vcenter-address-refused", f"The platform does not connect to {error.address}: {error.reason}."
    )


def of_connection(error: Exception, access: VcenterAccess) -> VcenterError:  # noqa: PLR0911 - one line a cause
    where = f"{access.host}:{access.port}"
    match error:
        case CertificateRefusedError():
            return VcenterError("vcenter-certificate", f"The certificate of {where} is not trusted: {error}.")
        case ssl.SSLCertVerificationError():
            return VcenterError(
                "vcenter-certificate", f"The certificate of {where} is not trusted: {error.verify_message}."
            )
        case ssl.SSLError():
            return VcenterError("vcenter-certificate", f"No TLS connection to {where}: {error.reason or error}.")
        case ConnectionRefusedError():
            return VcenterError("vcenter-refused", f"{where} refuses connections: nothing listens there.")
        case TimeoutError():
            return VcenterError("vcenter-timeout", f"{where} does not answer in time.")
        case OSError():
            return VcenterError("vcenter-unreachable", f"The connection to {where} failed: {error}.")
        case _:
            return VcenterError("vcenter-unreachable", f"{where} does not answer as vCenter or ESXi do: {error}.")


def of_fault(fault: Exception, username: str) -> VcenterError:
    match fault:
        case vim.fault.InvalidLogin():
            return VcenterError("vcenter-login", f"{username} is not let in: wrong user name or password.")
        case vim.fault.NotAuthenticated():  # a NoPermission to vCenter
            return VcenterError("vcenter-login", f"The server ends every session of {username} at once.")
        case vim.fault.NoPermission():
            needed = f" It needs {fault.privilegeId}." if fault.privilegeId else ""
            return VcenterError("vcenter-permission", f"{username} may not do this.{needed}")
        case vmodl.fault.ManagedObjectNotFound():
            return VcenterError("vcenter-not-found", "What was asked for is not there any more.")
        case vmodl.fault.NotSupported() | vmodl.fault.MethodNotFound():
            return VcenterError(
                "vcenter-unsupported", "This server cannot do that: a single ESXi host makes no clones."
            )
        case _:
            kind = type(fault).__name__.rpartition(".")[2]
            text = str(getattr(fault, "msg", "") or "").strip().rstrip(".")
            return VcenterError("vcenter-fault", f"The server answered {kind}{': ' if text else ''}{text}.")
