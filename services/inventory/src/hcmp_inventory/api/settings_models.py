"""The platform's settings as they are read and written."""

from typing import Annotated

from pydantic import AfterValidator, AnyHttpUrl, BaseModel, Field, SecretStr, TypeAdapter

from hcmp_inventory.api.models import Body, Host, Line
from hcmp_inventory.domain.settings import Settings

_URL: TypeAdapter[AnyHttpUrl] = TypeAdapter(AnyHttpUrl)
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


OptionalHost = Annotated[str, Field(max_length=253), AfterValidator(_host_or_empty)]
OptionalUrl = Annotated[Line, Field(max_length=500), AfterValidator(_url_or_empty)]
Text = Annotated[Line, Field(max_length=200)]


class SettingsBody(Body):
    """What is absent stays as it is; an empty text unsets. `vcenter_password` is write-only, "" removes it.

    `vcenter_password_set` may stand in the body so that what was read can be written back; it says nothing.
    """

    vcenter_host: OptionalHost | None = None
    vcenter_username: Text | None = None
    vcenter_password: Annotated[SecretStr, Field(max_length=1024)] | None = None
    vcenter_password_set: bool | None = None
    vcenter_datacenter: Text | None = None
    esxi_host: OptionalHost | None = None
    prometheus_url: OptionalUrl | None = None
    maintenance_mode: bool | None = None
    maintenance_message: Annotated[Line, Field(max_length=500)] | None = None


class SettingsAnswer(BaseModel):
    vcenter_host: str
    vcenter_username: str
    vcenter_password_set: bool
    vcenter_datacenter: str
    esxi_host: str
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
