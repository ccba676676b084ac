"""Ways to fill the pool from a provider: lab machines, clones of a template, machines that vCenter has."""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Discriminator, Field, SecretStr, Tag, model_validator

from hcmp_inventory.api.models import Body, Labels, Port, StaticImport, UserName, stored_whole
from hcmp_inventory.api.settings_models import CloneBody, Text

Reference = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,80}$", examples=["vm-1042"])]


class LabImport(Body):
    """`count` machines more, which the lab makes."""

    provider: Literal["docker"]
    count: int = Field(ge=1, le=50)


class VsphereClones(CloneBody):
    """`count` clones of a template. What is empty follows the settings."""

    provider: Literal["vsphere"]
    count: int = Field(ge=1, le=50)
    ssh_user: UserName | None = None
    labels: Labels = Field(default_factory=dict)


class VsphereImport(Body):
    """Machines that vCenter has: those for which everything that is given holds, at most 100 at once.

    `credential` is a password or a private key for `ssh_user`; without it the platform's key must open them.
    """

    provider: Literal["vsphere"]
    folder: Text = Field("", description="path of a folder; those in folders below it too")
    tag: Text = ""
    name_pattern: Text = Field(
        "", description="`*` and `?` stand for any text and any character", examples=["web-*"]
    )
    machines: list[Reference] = Field(default_factory=list, max_length=100, description="ids of managed objects")
    credential: (
        Annotated[SecretStr, Field(min_length=1, max_length=20_000), AfterValidator(stored_whole)] | None
    ) = None
    ssh_user: UserName | None = Field(None, description="without it that of the settings")
    ssh_port: Port = 22
    exporter_port: Port = 9100
    labels: Labels = Field(default_factory=dict)

    @model_validator(mode="after")
    def _some_choice(self) -> Self:
        if not (self.folder or self.tag or self.name_pattern or self.machines):
            raise ValueError("folder, tag, name_pattern or machines is needed")
        return self


def _way(body: Any) -> str:
    """Which of them a body is: clones are counted."""
    given = body if isinstance(body, dict) else body.model_dump()
    if given.get("provider") == "static":
        return "static"
    if given.get("provider") != "vsphere":
        return "docker"
    return "clones" if "count" in given else "import"


ImportBody = Annotated[
    Annotated[LabImport, Tag("docker")]
    | Annotated[VsphereClones, Tag("clones")]
    | Annotated[VsphereImport, Tag("import")]
    | Annotated[StaticImport, Tag("static")],
    Discriminator(_way),
]
