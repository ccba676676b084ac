"""vCenter and single ESXi hosts through pyvmomi: machines imported or cloned, that go back to a snapshot."""
