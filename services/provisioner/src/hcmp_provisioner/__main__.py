"""`python -m hcmp_provisioner`: the API of projects."""

from hcmp_provisioner.main import main

if __name__ == "__main__":
    main()
