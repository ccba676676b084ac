"""`python -m hcmp_provisioner.openapi`: print the OpenAPI document of this service."""

import json
import sys

from hcmp_provisioner.api.application import build

if __name__ == "__main__":
    json.dump(build().openapi(), sys.stdout, indent=2, sort_keys=True)
    sys.stdout.write("\n")
