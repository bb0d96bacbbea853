"""One vendor per module, found by scan; what they share stands in `resolvers.upstream`."""
