"""Print the OpenAPI document: `python -m hcmp_inventory.openapi`."""

import json
import sys

from hcmp_inventory.api.application import application as app


def main() -> None:
    sys.stdout.write(json.dumps(app().openapi(), indent=2, sort_keys=True, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
