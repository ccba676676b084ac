"""Routes that everyone who is signed in may read: templates and the state of the platform."""

from typing import Annotated

from fastapi import APIRouter, Header

from hcmp_provisioner.api.access import Policy, Write
from hcmp_provisioner.api.models import MaintenanceAnswer, PlatformAnswer, TemplateAnswer, TemplatesAnswer
from hcmp_provisioner.domain.template import Language, Template
from hcmp_provisioner.projections.maintenance import maintenance
from hcmp_provisioner.projections.typical import typical
from hcmp_webkit.identity import Caller

router = APIRouter(tags=["catalogue"])

AcceptLanguage = Annotated[str, Header(alias="Accept-Language", max_length=500)]


@router.get("/api/templates")
async def list_templates(
    _: Caller, projects: Write, policy: Policy, accept_language: AcceptLanguage = "en"
) -> TemplatesAnswer:
    """The kinds of projects, in the reader's language, and how long each usually takes."""
    language = preferred(accept_language)
    times = await typical(projects.pool, ((template, False) for template in projects.templates))

    def answer(template: Template) -> TemplateAnswer:
        steps = times.get((template.id, False))
        return TemplateAnswer.of(
            template,
            language,
            approval=policy.approval.policy(template),
            typical_seconds=sum(steps.values()) if steps else None,
        )

    return TemplatesAnswer(templates=[answer(template) for template in projects.templates.values()])


@router.get("/api/platform")
async def read_platform(_: Caller, projects: Write) -> PlatformAnswer:
    """What every page shows: whether the platform is under maintenance."""
    state = await maintenance(projects.pool)
    return PlatformAnswer(maintenance=MaintenanceAnswer(enabled=state.enabled, message=state.message))


def preferred(accept_language: str) -> Language:
    """The one of our languages that the reader prefers; English when it names neither (RFC 9110, 12.5.4)."""
    weights: dict[str, float] = {}
    for item in accept_language.lower().split(","):
        name, _, parameters = item.strip().partition(";")
        try:
            weight = float(parameters.strip().removeprefix("q=") or 1)
        except ValueError:
            weight = 0.0
        language = name.partition("-")[0]
        weights[language] = max(weight, weights.get(language, 0.0))
    return "ko" if weights.get("ko", 0.0) > weights.get("en", 0.0) else "en"
