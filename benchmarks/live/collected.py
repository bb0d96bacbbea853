"""The product with its garbage collected every few seconds: what grows then is what is held."""

import gc
import runpy
import threading
import time

_SECONDS = 2.5


def _collect() -> None:
    while True:
        time.sleep(_SECONDS)
        gc.collect()


if __name__ == "__main__":
    threading.Thread(target=_collect, daemon=True).start()
    runpy.run_module("graph", run_name="__main__", alter_sys=True)
