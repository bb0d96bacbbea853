"""The provider contract, and the manners that calls to every vendor share."""
