"""Where the newest answers are kept: a contract, and one store in memory."""
