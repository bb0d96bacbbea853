"""The schema's types, one module per noun: views over `resolvers.domain` that read attributes and map nothing."""
