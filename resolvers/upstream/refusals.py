"""What a vendor's own error codes and messages mean here: one table per vendor, the first entry that fits."""

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from resolvers.domain import Precheck
from resolvers.errors import PrecheckError, UnreadableAnswer, VendorError
from resolvers.upstream.wire import quoted


class Refusal(NamedTuple):
    """One family of refusals. `pattern` is searched in the code and in the message, in any case.

    `says` may hold `{said}`, where the vendor's own words go; `retryable` is None for what the error itself is.
    """

    error: type[PrecheckError]
    says: str
    codes: frozenset[str] = frozenset()
    pattern: re.Pattern[str] | None = None
    retryable: bool | None = None

    def fits(self, code: str | None, message: str | None) -> bool:
        """Whether a refusal with this code and message is of this family."""
        if code is not None and code.upper() in self.codes:
            return True
        return self.pattern is not None and any(self.pattern.search(said) for said in (code, message) if said)


class Refused(NamedTuple):
    """What a vendor said when it refused."""

    provider_id: str
    code: str | None = None
    message: str | None = None
    advice: str | None = None
    request_id: str | None = None
    retry_after_seconds: float | None = None

    @property
    def facts(self) -> dict[str, Any]:
        """The facts that every problem keeps of it."""
        return {
            "vendor_code": self.code,
            "vendor_advice": self.advice,
            "vendor_request_id": self.request_id,
        }


_ANY_OTHER = Refusal(VendorError, "The vendor refused to answer{said}. Look at the task in the vendor's console.")


def meaning(table: Sequence[Refusal], refused: Refused) -> PrecheckError:
    """The error that a vendor's refusal stands for; one that the table does not know is a VendorError."""
    family = next((each for each in table if each.fits(refused.code, refused.message)), _ANY_OTHER)
    return family.error(
        family.says.replace("{said}", quoted(refused.message or refused.code)),
        provider_id=refused.provider_id,
        retryable=family.retryable,
        retry_after_seconds=refused.retry_after_seconds,
        **refused.facts,
    )


def settle(status: int, told: PrecheckError | None, decode: Callable[[], Precheck]) -> Precheck:
    """The precheck of an answer whose HTTP status may tell an error as well as its body does.

    401, 403 and 429 are certain. A body that a vendor wrote under 5xx is heard first: vendors who do not
    document their status send refusals with it.
    """
    if told is not None and status < 500:
        raise told
    try:
        precheck = decode()
    except (VendorError, UnreadableAnswer) as error:
        raise told or error from error
    if told is not None:
        raise told
    return precheck
