"""Every error code that DRS, its gateway and its IAM document, and what it means here."""

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

_GONE = Refusal(
    NotFound,
    "DRS knows no such job, or it was deleted. Check the job id, and that its precheck was started.",
    codes=frozenset({"DRS.M00289", "DRS.M05003", "DRS.M05004", "DRS.M00101", "DRS.10000010"}),
)
# Under one entry of a batch these say nothing of its run; any other code there means that the run broke.
ABOUT_THE_CALL = (NotFound, Unauthenticated, Forbidden, RateLimited, Unreachable)
REFUSALS = (
    _GONE,
    Refusal(
        Unauthenticated,
        "Huawei Cloud refuses the time of this server. Set its clock right.",
        codes=frozenset({"APIGW.0303", "APIG.0303"}),
    ),
    Refusal(
        Unauthenticated,
        "Huawei Cloud refuses the configured credentials. Check the keys, or user and password, of this provider.",
        codes=frozenset({"APIGW.0301", "APIG.0301", "DRS.M00100", "DRS.M00103"}),
    ),
    Refusal(
        Forbidden,
        "The configured credentials have no right to read prechecks. Give them a role that may read DRS.",
        codes=frozenset({"DRS.M00102"}),
    ),
    Refusal(
        Forbidden,
        "The configured credentials belong to another project. Check `project_id`.",
        codes=frozenset({"DRS.M00261"}),
    ),
    Refusal(
        RateLimited,
        "Huawei Cloud asks for fewer calls. Ask again later.",
        codes=frozenset({"APIGW.0308", "APIG.0308", "DRS.M01503"}),
    ),
    Refusal(
        Conflict,
        "Another operation on this job is under way. Ask again in a few seconds.",
        codes=frozenset({"DRS.M01504"}),
        retryable=True,
    ),
    Refusal(
        Conflict,
        "The job is in a state in which DRS does not answer this{said}. Look at the job in the vendor's console.",
        codes=frozenset({"DRS.M00304"}),
    ),
    Refusal(
        Unreachable,
        "DRS itself is out of order. Ask again later.",
        codes=frozenset({"DRS.M00004"}),
    ),
    Refusal(
        InvalidReference,
        "DRS does not accept this identifier{said}. Check it in the vendor's console.",
        codes=frozenset({"DRS.M00007", "DRS.M00301"}),
        pattern=re.compile(r"^DRS\.M0020\d$", re.IGNORECASE),
    ),
    Refusal(
        VendorError,
        "DRS could not sign in to one of the databases. Correct account and password in the job's settings.",
        codes=frozenset({"DRS.KE0002"}),
    ),
    Refusal(
        VendorError,
        "DRS has no result for this job. Run its precheck in the vendor's console.",
        codes=frozenset({"DRS.M00002"}),
    ),
    Refusal(
        VendorError,
        "DRS refused to answer{said}. Look at the job in the vendor's console.",
        codes=frozenset(
            {
                "DRS.M00105",
                "DRS.M00210",
                "DRS.M00211",
                "DRS.M00299",
                "DRS.M00300",
                "DRS.M00305",
                "DRS.M01501",
                "DRS.M05066",
            }
        ),
    ),
)
