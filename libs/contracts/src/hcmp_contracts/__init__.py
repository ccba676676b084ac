"""Every event of the H-CMP log, its envelope and its subjects."""
