"""`python -m hcmp_provisioner.worker`: takes runs and brings them to their end."""

from hcmp_provisioner.worker.main import main

if __name__ == "__main__":
    main()
