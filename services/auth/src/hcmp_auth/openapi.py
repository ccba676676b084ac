"""Print the OpenAPI document: `python -m hcmp_auth.openapi`."""

import json
import sys

from fastapi import FastAPI

from hcmp_auth.api.application import application


def app() -> FastAPI:
    """The application without its parts."""
    return application()


def main() -> None:
    document = app().openapi()
    sys.stdout.write(json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
