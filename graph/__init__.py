"""The surface: everything a client or an operator sees."""
