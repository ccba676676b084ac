"""Print the OpenAPI document: `python -m hcmp_monitor.openapi`."""

import json
import sys

from hcmp_monitor.api.application import application


def main() -> None:
    document = application().openapi()
    sys.stdout.write(json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
