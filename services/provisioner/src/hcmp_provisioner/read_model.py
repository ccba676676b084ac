"""`python -m hcmp_provisioner.read_model status|verify|rebuild|prune`: look after this service's read model."""

from hcmp_provisioner.projections.read_model import READ_MODEL
from hcmp_webkit.read_models import command

if __name__ == "__main__":
    command(READ_MODEL, "provisioner")
