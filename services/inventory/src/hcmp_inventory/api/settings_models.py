"""The platform's settings as they are read and written."""

import ipaddress
import re
from typing import Annotated

from cryptography import x509
from pydantic import AfterValidator, AnyHttpUrl, BaseModel, Field, SecretStr, TypeAdapter

from hcmp_contracts.cause import Cause
from hcmp_inventory.api.models import USER_NAME, Body, Host, Line
from hcmp_inventory.domain.address_range import AddressRange
from hcmp_inventory.domain.settings import Settings
from hcmp_inventory.ports.hypervisor import VcenterSlug

_URL: TypeAdapter[AnyHttpUrl] = TypeAdapter(AnyHttpUrl)
LAST_PORT = 65_535
_HOST: TypeAdapter[str] = TypeAdapter(Host)


def _host_or_empty(text: str) -> str:
    return text and _HOST.validate_python(text)


def _url_or_empty(text: str) -> str:
    if not text:
        return text
    url = _URL.validate_python(text)
    if url.username or url.password or url.query or url.fragment:
        raise ValueError("a plain http or https URL is needed")
    return text


def _port_or_empty(text: str) -> str:
    if text and not (text.isascii() and text.isdigit() and 1 <= int(text) <= LAST_PORT):
        raise ValueError("a port between 1 and 65535 is needed")
    return text


def _fingerprint_or_empty(text: str) -> str:
    digits = text.replace(":", "").lower()
    if digits and not re.fullmatch("[0-9a-f]{64}", digits):
        raise ValueError("a SHA-256 fingerprint is needed: 64 hexadecimal digits")
    return digits


def _certificates_or_empty(text: str) -> str:
    if text and not x509.load_pem_x509_certificates(text.encode()):
        raise ValueError("certificates in PEM are needed")
    return text


def _range_or_empty(text: str) -> str:
    if text:
        AddressRange.parse(text)
    return text


def _addresses_or_empty(text: str) -> str:
    for word in text.replace(",", " ").split():
        ipaddress.ip_address(word)
    return text


OptionalHost = Annotated[str, Field(max_length=253), AfterValidator(_host_or_empty)]
OptionalUrl = Annotated[Line, Field(max_length=500), AfterValidator(_url_or_empty)]
Text = Annotated[Line, Field(max_length=200)]
OptionalPort = Annotated[str, Field(max_length=5, examples=["443"]), AfterValidator(_port_or_empty)]
OptionalUser = Annotated[str, Field(pattern=rf"^$|{USER_NAME}", examples=["hcmp"])]
Certificates = Annotated[str, Field(max_length=100_000), AfterValidator(_certificates_or_empty)]
Fingerprint = Annotated[str, Field(max_length=100), AfterValidator(_fingerprint_or_empty)]
AddressRangeText = Annotated[
    Line, Field(max_length=100, examples=["10.0.0.50-10.0.0.99/24"]), AfterValidator(_range_or_empty)
]
AddressesText = Annotated[Line, Field(max_length=200), AfterValidator(_addresses_or_empty)]


class CloneBody(Body):
    """Where clones come from and go to, by name."""

    template: Text = Field("", description="the template; empty: that of the settings, or the only one")
    folder: Text = Field(
        "", description="the path of the folder for them; empty: that of the settings, or the top"
    )
    datastore: Text = Field("", description="empty: that of the settings, or the template's")
    network: Text = Field(
        "", description="of the first network card; empty: that of the settings, or the template's"
    )
    resource_pool: Text = Field("", description="a cluster, host or resource pool; may be empty if there is one")
    customization: Text = Field(
        "", description="a customization specification of vCenter; empty everywhere: cloud-init through guestinfo"
    )
    address_range: AddressRangeText = Field("", description="fixed addresses; empty everywhere: DHCP")
    gateway: AddressesText = ""
    nameservers: AddressesText = ""


class VcenterBody(Body):
    """How vCenter is reached. What is absent is as it is stored."""

    vcenter_host: OptionalHost | None = Field(None, description="a vCenter, or a single ESXi host")
    vcenter_port: OptionalPort | None = Field(None, description="empty: 443")
    vcenter_username: Text | None = None
    vcenter_password: Annotated[SecretStr, Field(max_length=1024)] | None = None
    vcenter_datacenter: Text | None = Field(None, description="may be empty where there is only one")
    vcenter_ca_pem: Certificates | None = Field(
        None, description="who signs its certificate; empty: the authorities that the computer trusts"
    )
    vcenter_fingerprint: Fingerprint | None = Field(
        None, description="SHA-256 of its certificate, in place of any authority"
    )
    esxi_host: OptionalHost | None = Field(
        None, description="the ESXi host that clones are put on; without a vcenter_host the server itself"
    )


class SettingsBody(VcenterBody):
    """What is absent stays as it is; an empty text unsets. `vcenter_password` is write-only, "" removes it.

    `vcenter_password_set` may stand in the body so that what was read can be written back; it says nothing.
    """

    vcenter_password_set: bool | None = None
    vcenter_template: Text | None = None
    vcenter_folder: Text | None = None
    vcenter_datastore: Text | None = None
    vcenter_network: Text | None = None
    vcenter_resource_pool: Text | None = None
    vcenter_customization: Text | None = None
    vcenter_address_range: AddressRangeText | None = None
    vcenter_gateway: AddressesText | None = None
    vcenter_nameservers: AddressesText | None = None
    vcenter_ssh_user: OptionalUser | None = Field(None, description="who the platform is on these machines")
    prometheus_url: OptionalUrl | None = None
    maintenance_mode: bool | None = None
    maintenance_message: Annotated[Line, Field(max_length=500)] | None = None


class SettingsAnswer(BaseModel):
    vcenter_host: str
    vcenter_username: str
    vcenter_password_set: bool
    vcenter_datacenter: str
    esxi_host: str
    vcenter_port: str
    vcenter_ca_pem: str
    vcenter_fingerprint: str
    vcenter_template: str
    vcenter_folder: str
    vcenter_datastore: str
    vcenter_network: str
    vcenter_resource_pool: str
    vcenter_customization: str
    vcenter_address_range: str
    vcenter_gateway: str
    vcenter_nameservers: str
    vcenter_ssh_user: str
    prometheus_url: str
    maintenance_mode: bool
    maintenance_message: str

    @classmethod
    def of(cls, settings: Settings) -> "SettingsAnswer":
        return cls(
            **settings.texts,
            vcenter_password_set=bool(settings.vcenter_password),
            maintenance_mode=settings.maintenance_mode,
        )


class VcenterServer(BaseModel):
    name: str
    version: str


class VcenterTest(BaseModel):
    """`detail` is a sentence for the operator, which `causes` say too; `slug` names what is wrong, and `server` is
    what answered.
    """

    ok: bool
    detail: str
    slug: VcenterSlug | None = None
    causes: list[Cause] = Field(default_factory=list)
    server: VcenterServer | None = None
