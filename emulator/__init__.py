"""Speaks the vendors' wire protocols on real sockets, from their documentation alone."""
