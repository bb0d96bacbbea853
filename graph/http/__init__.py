"""The edges: the endpoint and its transports, the explorer, probes."""
