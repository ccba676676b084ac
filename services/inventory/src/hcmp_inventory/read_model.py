"""`python -m hcmp_inventory.read_model status|verify|rebuild|prune`: look after this service's read model."""

from hcmp_inventory.projections.model import MODEL
from hcmp_webkit.read_models import command

if __name__ == "__main__":
    command(MODEL, "inventory")
