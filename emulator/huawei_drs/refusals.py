"""What DRS and its gateway say when they do not answer: codes, HTTP statuses and texts in both languages."""

import math
from typing import Any

from emulator.vendor import Reply

TEXTS: dict[str, tuple[int, str, str]] = {
    "DRS.M00201": (400, "A required parameter is empty.", "必填参数为空。"),
    "DRS.M00202": (400, "A parameter is invalid.", "参数不合法。"),
    "DRS.M00261": (403, "The project does not match the credentials.", "项目与凭证不匹配。"),
    "DRS.M00289": (400, "The task does not exist.", "任务不存在。"),
    "DRS.M00300": (400, "Too many tasks in one request.", "单次请求的任务过多。"),
    "DRS.M00301": (400, "A task is repeated in the request.", "请求中的任务重复。"),
    "DRS.M05066": (200, "The precheck broke off: the replication instance failed.", "预检查中断：复制实例异常。"),
    "DRS.10000010": (400, "The job does not exist.", "任务不存在。"),
    "DRS.M00101": (404, "The resource does not exist.", "资源不存在。"),
}


def entry(code: str, language: str, reference: str = "") -> dict[str, Any]:
    """One code with its text, as a body or as an entry of `results`; `zh-cn` gives Chinese, all else English."""
    _, english, chinese = TEXTS[code]
    named = {"precheck_id": reference} if reference else {}
    return {**named, "error_code": code, "error_msg": chinese if language == "zh-cn" else english}


def refused(code: str, language: str) -> Reply:
    """A whole call refused by DRS itself."""
    return Reply(entry(code, language), TEXTS[code][0])


def all_unknown(references: tuple[str, ...], language: str) -> Reply:
    """The batch answer when none of the tasks exists: an error per entry, and that under HTTP 400."""
    results = [entry("DRS.M00289", language, reference) for reference in references]
    return Reply({"results": results, "count": len(results)}, 400)


def gateway(status: int, code: str, message: str, request_id: str, retry_after: float | None = None) -> Reply:
    """A call that the gateway in front of DRS turned away."""
    headers = {} if retry_after is None else {"Retry-After": str(math.ceil(retry_after))}
    return Reply({"error_msg": message, "error_code": code, "request_id": request_id}, status, headers)
