"""`python -m hcmp_auth.read_model status|verify|rebuild|prune`: look after this service's read model."""

from hcmp_auth.projections.accounts import MODEL
from hcmp_webkit.read_models import command

if __name__ == "__main__":
    command(MODEL, "auth")
