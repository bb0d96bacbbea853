"""Finds the providers of `resolvers.providers` by scan, so that a new vendor is a new module and no list."""

import importlib
import pkgutil
from functools import cache
from types import ModuleType

from resolvers import providers
from resolvers.upstream.contract import Provider


@cache
def vendors() -> dict[str, type[Provider]]:
    """Every vendor's provider class by the vendor's word: module `huawei_drs` is `huawei-drs`.

    Raises TypeError, naming the module, where one does not define exactly one complete provider.
    """
    found = {}
    for info in pkgutil.iter_modules(providers.__path__):
        module = importlib.import_module(f"{providers.__name__}.{info.name}")
        found[info.name.replace("_", "-")] = _provider_of(module)
    return found


def _provider_of(module: ModuleType) -> type[Provider]:
    classes = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Provider) and value.is_complete()
        if value.__module__.startswith(module.__name__)
    ]
    if len(classes) != 1:
        raise TypeError(f"{module.__name__} defines {len(classes)} complete providers; it must define exactly one")
    return classes[0]
