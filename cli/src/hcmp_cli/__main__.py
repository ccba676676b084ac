"""`python -m hcmp_cli`: the hcmp command."""

from hcmp_cli.main import app

app()
