"""What every service's OpenAPI document says of refusals: problem documents, and not FastAPI's own kind of 422."""

from typing import Any

from fastapi import FastAPI

from hcmp_webkit.problems import MEDIA_TYPE

_CONTENT = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}

# For the routes of an application. As long as it names 4XX, FastAPI adds no 422 of its own.
RESPONSES: dict[int | str, dict[str, Any]] = {
    "4XX": {"description": "Refused: `type` says why", "content": _CONTENT},
    "5XX": {"description": "Not possible now, or a fault on our side: `type` says which", "content": _CONTENT},
}

PROBLEM = {
    "title": "Problem",
    "description": "A refusal (RFC 9457). `type` is a stable slug; further members are facts of that type.",
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "examples": ["insufficient-capacity"]},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string"},
        "causes": {
            "description": "What exactly is wrong: each a slug with the facts that a sentence about it needs; "
            "the fact `said` is somebody else's words",
            "type": "array",
            "items": {
                "type": "object",
                "required": ["slug", "facts"],
                "properties": {
                    "slug": {"type": "string", "examples": ["no-answer"]},
                    "facts": {
                        "type": "object",
                        "additionalProperties": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
                    },
                },
            },
        },
        "errors": {
            "description": "Of a `malformed-request`: which fields, and why",
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "reason"],
                "properties": {"field": {"type": "string"}, "reason": {"type": "string"}},
            },
        },
    },
    "additionalProperties": True,
}


def install(app: FastAPI) -> None:
    """Let the document of `app` define the schema that RESPONSES refers to."""
    generate = app.openapi

    def described() -> dict[str, Any]:
        document = generate()
        document.setdefault("components", {}).setdefault("schemas", {})["Problem"] = PROBLEM
        return document

    app.openapi = described  # type: ignore[method-assign]
