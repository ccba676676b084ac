"""The pool of machines and who holds them."""
