"""The steps of a migration check and what is said in them, in English and in Chinese."""

from typing import Any

NAMES: dict[str, tuple[str, str]] = {
    "ConnectDBCheck": ("Database connection check", "数据库连通性检查"),
    "VersionCheck": ("Version check", "数据库版本检查"),
    "SrcPrivilegeCheck": ("Source instance permission check", "源实例账号权限检查"),
    "SimpleParamCheck": ("Partial instance parameter check", "部分实例参数检查"),
    "DstPrivilegeCheck": ("Target instance permission check", "目标实例账号权限检查"),
    "DstEmptyCheck": ("Target instance content conflict check", "目标实例内容冲突检查"),
    "DstSpaceCheck": ("Target instance space check", "目标实例空间检查"),
    "BinlogParamCheck": ("Binlog parameter check", "Binlog 参数检查"),
    "ConstraintCheck": ("Foreign key dependency check", "外键依赖检查"),
    "ConstraintRefCheck": ("Partial database/table foreign key dependency check", "部分库表外键依赖检查"),
    "ViewCheck": ("View check", "视图检查"),
    "WarningParamCheck": ("Warning item check", "告警项检查"),
    "OptimizeCheck": ("Peripheral check", "外围检查"),
    "AdvancedStoreObjectCheck": ("Advanced object check", "高级对象检查"),
    "ModifyConfigCheck": ("Configuration modification check", "修改配置检查"),
}
RUN_ORDER = tuple(NAMES)[:13]

SAID: dict[str, tuple[str, str]] = {
    "wait_timeout": (
        "wait_timeout of the source is shorter than the migration may need.",
        "源端 wait_timeout 短于迁移可能需要的时间。",
    ),
    "raise it": ("Raise wait_timeout to 3600 or more.", "请将 wait_timeout 调整到 3600 或以上。"),
    "tables": ("Tables of the same name exist in the target: shop.orders.", "目标端存在同名表：shop.orders。"),
    "remove them": ("Remove or rename the tables, then check again.", "请删除或重命名这些表后重新校验。"),
    "grants": ("The source account lacks REPLICATION CLIENT.", "源端账号缺少 REPLICATION CLIENT 权限。"),
    "grant it": ("Grant the missing permission, then check again.", "请授予缺少的权限后重新校验。"),
    "skipped": ("skipped", "skipped"),
    "passed": ("success", "校验通过"),
    "not passed": ("check not pass", "校验未通过"),
    "broke off": ("The check task ended unexpectedly.", "校验任务异常结束。"),
}


def localized(text: tuple[str, str], language: str) -> str:
    """One text in the language asked for; anything but `en-US` gets Chinese, the vendor's default."""
    return text[0] if language.lower() == "en-us" else text[1]


def step(number: int, step_id: str, status: str, language: str) -> dict[str, Any]:
    """A step with nothing to say."""
    return {
        "DetailCheckItems": [],
        "HasSkipped": False,
        "StepId": step_id,
        "StepMessage": "",
        "StepName": localized(NAMES[step_id], language),
        "StepNo": number,
        "StepStatus": status,
    }


def finding(step_id: str, result: str, language: str, *, reason: str = "", remedy: str = "") -> dict[str, Any]:
    """One entry of `DetailCheckItems`; texts are keys of `SAID`."""
    said = {key: localized(SAID[key], language) for key in (reason, remedy) if key}
    return {
        "CheckItemName": localized(NAMES[step_id], language),
        "CheckResult": result,
        "Description": "",
        "ErrorLog": [said[reason]] if reason else [],
        "FailureReason": said[reason] if reason and result == "failed" else "",
        "HelpDoc": [""],
        "SkipInfo": "",
        "Solution": said.get(remedy, ""),
    }


def renamed(body: dict[str, Any], language: str) -> dict[str, Any]:
    """A copy of a scripted English body with its steps' names in the language asked for."""
    response = body.get("Response")
    listed = response.get("StepInfo") if isinstance(response, dict) else None
    if language.lower() == "en-us" or not isinstance(response, dict) or not isinstance(listed, list):
        return body
    steps = [_renamed_step(each, language) for each in listed]
    return {**body, "Response": {**response, "StepInfo": steps}}


def _renamed_step(each: Any, language: str) -> Any:
    if not isinstance(each, dict) or each.get("StepId") not in NAMES or "StepName" not in each:
        return each
    name = localized(NAMES[each["StepId"]], language)
    findings = [
        {**item, "CheckItemName": name} if isinstance(item, dict) and "CheckItemName" in item else item
        for item in each.get("DetailCheckItems") or []
    ]
    return {**each, "StepName": name, "DetailCheckItems": findings or each.get("DetailCheckItems")}
