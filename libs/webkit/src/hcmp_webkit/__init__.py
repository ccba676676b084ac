"""What every H-CMP service's door shares: problem details, identity, health, metrics, logging."""
