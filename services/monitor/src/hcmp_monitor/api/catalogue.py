"""The catalogue of all events, served for programs that read the log themselves."""

import json
from functools import cache

from fastapi import APIRouter, Response

from hcmp_contracts.asyncapi import document

router = APIRouter(include_in_schema=False)


@router.get("/asyncapi.json")
async def asyncapi() -> Response:
    """The AsyncAPI document of the event log."""
    return Response(_printed(), media_type="application/json")


@cache
def _printed() -> str:
    return json.dumps(document(), ensure_ascii=False)
