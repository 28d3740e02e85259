"""Stand-ins for the counterparts, for the sandbox and for tests; the product itself never imports them."""
