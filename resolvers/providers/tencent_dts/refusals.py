"""Every error code that DTS and its platform document, and what it means here.

A code is a family, a dot and a kind, or a family alone: what is not listed by itself means what its family means.
"""

import re

from resolvers.errors import (
    Conflict,
    Forbidden,
    InvalidReference,
    NotFound,
    RateLimited,
    Unauthenticated,
    Unreachable,
    VendorError,
)
from resolvers.upstream.refusals import Refusal


def _of(*families: str) -> re.Pattern[str]:
    return re.compile(rf"^(?:{'|'.join(families)})(?:\..*)?$", re.IGNORECASE)


CLOCK_CODE = "AUTHFAILURE.SIGNATUREEXPIRE"
REFUSALS = (
    Refusal(
        Unauthenticated,
        "Tencent Cloud refuses the time of this server. Set its clock right.",
        codes=frozenset({CLOCK_CODE}),
    ),
    Refusal(
        NotFound,
        "DTS knows no such job, or it was deleted. Check the job id and the provider's region.",
        codes=frozenset({"INVALIDPARAMETER.INSTANCENOTFOUND"}),
        pattern=_of("ResourceNotFound"),
    ),
    Refusal(
        Unreachable,
        "DTS cannot go on with this job{said}. Look at the job in the vendor's console.",
        codes=frozenset({"INTERNALERROR.DUPLICATEJOB", "INTERNALERROR.NOTENOUGHMONEYERROR"}),
        retryable=False,
    ),
    Refusal(
        Unauthenticated,
        "Tencent Cloud refuses the configured credentials. Check `secret_id`, `secret_key` and `session_token`.",
        pattern=_of("AuthFailure"),
    ),
    Refusal(
        Forbidden,
        "The configured credentials have no right to read prechecks{said}. Give them a policy that may read DTS.",
        pattern=_of("UnauthorizedOperation"),
    ),
    Refusal(
        RateLimited,
        "Tencent Cloud asks for fewer calls. Ask again later.",
        pattern=_of("RequestLimitExceeded"),
    ),
    Refusal(
        Unreachable,
        "DTS itself is out of order. Ask again later.",
        pattern=_of("InternalError"),
    ),
    Refusal(
        Conflict,
        "The job is in a state in which DTS does not answer this{said}. Look at the job in the vendor's console.",
        pattern=_of("FailedOperation", "OperationDenied", "ResourceInUse"),
    ),
    Refusal(
        InvalidReference,
        "DTS does not accept this identifier{said}. Check it in the vendor's console.",
        pattern=_of(r"InvalidParameter\w*", "MissingParameter", "UnknownParameter"),
    ),
    Refusal(
        VendorError,
        "DTS refused to answer{said}. Look at the job in the vendor's console.",
        pattern=_of(
            "ActionOffline",
            "DryRunOperation",
            "InvalidAction",
            "LimitExceeded",
            "NoSuchVersion",
            "ResourceInsufficient",
            "ResourceUnavailable",
            "ResourcesSoldOut",
            "UnsupportedOperation",
            "UnsupportedRegion",
        ),
    ),
)
