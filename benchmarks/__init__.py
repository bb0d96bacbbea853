"""Programs that measure what the documentation promises; nothing of the product imports them."""
