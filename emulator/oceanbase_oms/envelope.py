"""The envelope of eleven keys around every OMS answer, with explicit nulls."""

import uuid
from typing import Any


def success(data: dict[str, Any]) -> dict[str, Any]:
    """An envelope around a result."""
    return _envelope(True) | {"data": data}


def failure(code: str, message: str, advice: str) -> dict[str, Any]:
    """An envelope that reports a failed call."""
    detail = {"code": code, "level": "ERROR", "message": message, "proposal": advice}
    said = {"errorDetail": detail, "code": code, "message": message, "advice": advice}
    return _envelope(False) | said


def _envelope(ok: bool) -> dict[str, Any]:
    return {
        "success": ok,
        "errorDetail": None,
        "code": None,
        "message": None,
        "advice": None,
        "requestId": str(uuid.uuid4()),
        "pageNumber": None,
        "pageSize": None,
        "totalCount": None,
        "cost": "12 ms",
        "data": None,
    }
