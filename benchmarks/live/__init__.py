"""What `make bench-live` and `make soak` measure: many viewers of one server."""
