"""How answers are found: nothing here serves HTTP, and hardly anything knows GraphQL."""
