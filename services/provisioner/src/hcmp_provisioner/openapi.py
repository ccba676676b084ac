"""`python -m hcmp_provisioner.openapi`: print the OpenAPI document of this service."""

import json
import sys

from fastapi import FastAPI

from hcmp_provisioner.api.application import build


def app() -> FastAPI:
    """The routes alone, without a server behind them."""
    return build()


if __name__ == "__main__":
    sys.stdout.write(json.dumps(app().openapi(), indent=2, sort_keys=True, ensure_ascii=False) + "\n")
