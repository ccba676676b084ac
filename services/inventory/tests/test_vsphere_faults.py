"""What goes wrong with vCenter comes with the facts of the case, and quotes what the server said."""

import ssl

import pytest
from pyVmomi import vim, vmodl

from hcmp_contracts.cause import Cause
from hcmp_inventory.adapters.vsphere.faults import of_connection, of_fault
from hcmp_inventory.adapters.vsphere.transport import CertificateRefusedError
from hcmp_inventory.ports.hypervisor import VcenterAccess

ACCESS = VcenterAccess("vc.example", "mina", "a password")


def unverified(code: int, said: str) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError()
    error.verify_code, error.verify_message = code, said
    return error


@pytest.mark.parametrize(
    ("error", "slug", "facts"),
    [
        (CertificateRefusedError("ab12"), "certificate-other", {"shown": "ab12"}),
        (unverified(10, "certificate has expired"), "certificate-expired", {"said": "certificate has expired"}),
        (unverified(3, "no CRL"), "certificate-untrusted", {"said": "no CRL"}),
        (ConnectionRefusedError(), "connection-refused", {}),
        (TimeoutError(), "no-answer", {}),
        (OSError("no route"), "connection-failed", {"said": "no route"}),
        (ValueError("no XML"), "no-vcenter", {"said": "no XML"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_connection_that_fails_tells_where_and_what_was_said(
    error: Exception, slug: str, facts: dict[str, str]
) -> None:
    assert of_connection(error, ACCESS).causes == (Cause.of(slug, host="vc.example", port=443, **facts),)


def test_a_fault_is_quoted_and_one_that_is_known_is_told_by_its_own_slug() -> None:
    full = of_fault(vim.fault.NoDiskSpace(msg="The disk is full."), "mina")
    assert (full.slug, full.causes) == (
        "vcenter-fault",
        (Cause.of("vcenter-fault", said="NoDiskSpace: The disk is full"),),
    )
    lacking = of_fault(vim.fault.NoPermission(privilegeId="VirtualMachine.Interact.PowerOn"), "mina")
    assert lacking.causes == (
        Cause.of("privileges-missing", user="mina", privileges="VirtualMachine.Interact.PowerOn"),
    )
    gone = of_fault(vmodl.fault.ManagedObjectNotFound(), "mina")
    assert (str(gone), gone.causes) == ("What was asked for is not there any more.", (Cause.of("vcenter-gone"),))
