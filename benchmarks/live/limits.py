"""Files that this process and those it starts may have open: a connection each for ten thousand viewers."""

import resource
import sys

NEEDED = 12_000


def raise_limits() -> None:
    """As many as the machine grants. Ends the process where that is too few."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY and most < NEEDED:
        sys.exit(f"{NEEDED} open files are needed, and this machine grants {most}: raise it (ulimit -Hn).")
    enough = NEEDED if most == resource.RLIM_INFINITY else most
    resource.setrlimit(resource.RLIMIT_NOFILE, (enough, most))
