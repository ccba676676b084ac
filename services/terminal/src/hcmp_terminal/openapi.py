"""Print the OpenAPI document without any server: `python -m hcmp_terminal.openapi`."""

import json
import sys

from hcmp_terminal.api.application import application as app


def main() -> None:
    document = app().openapi()
    sys.stdout.write(json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
