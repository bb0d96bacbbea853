"""The enums of the schema: the vocabulary of `resolvers`, each word described."""

import enum

import strawberry
from strawberry.types.enum import StrawberryEnumDefinition

from resolvers.vocabulary import (
    PrecheckCategory,
    PrecheckDirection,
    PrecheckEndpointRole,
    PrecheckEventKind,
    PrecheckItemState,
    PrecheckLocale,
    PrecheckOrder,
    PrecheckProblemCode,
    PrecheckProgressSource,
    PrecheckPurpose,
    PrecheckRemedySource,
    PrecheckSide,
    PrecheckSnapshotSource,
    PrecheckStatus,
    PrecheckStreamEnd,
    PrecheckVerdict,
    ProviderCapability,
    ProviderState,
)

__all__ = [
    "PrecheckCategory",
    "PrecheckDirection",
    "PrecheckEndpointRole",
    "PrecheckEventKind",
    "PrecheckItemState",
    "PrecheckLocale",
    "PrecheckOrder",
    "PrecheckProblemCode",
    "PrecheckProgressSource",
    "PrecheckPurpose",
    "PrecheckRemedySource",
    "PrecheckSide",
    "PrecheckSnapshotSource",
    "PrecheckStatus",
    "PrecheckStreamEnd",
    "PrecheckVerdict",
    "ProviderCapability",
    "ProviderState",
]


def _describe(words: type[enum.Enum], description: str, **values: str) -> None:
    """Make the enum a GraphQL type. Raises TypeError where a word has no description, or a description no word."""
    if set(values) != {word.name for word in words}:
        raise TypeError(f"{words.__name__}: describe exactly {[word.name for word in words]}")
    definition = getattr(strawberry.enum(words, description=description), "__strawberry_definition__", None)
    if not isinstance(definition, StrawberryEnumDefinition):
        raise TypeError(f"{words.__name__} did not become a GraphQL enum")
    for value in definition.values:
        value.description = values[value.name]


_describe(
    PrecheckStatus,
    "Life cycle of a run. Says nothing about success; `verdict` does.",
    PENDING="Known, not started, or still initialising.",
    RUNNING="The vendor is checking.",
    COMPLETED="The vendor will change nothing more in this run, and every check had its chance.",
    ERRORED="The run itself broke: the vendor says failed, and no check explains it.",
    SKIPPED="The whole precheck was bypassed at the vendor.",
    UNKNOWN="The vendor's word was not understood, or the vendor has not answered yet. Counts as not completed.",
)
_describe(
    PrecheckVerdict,
    "Answer to: may the migration start?",
    READY="Completed; nothing failed, nothing warned.",
    READY_WITH_WARNINGS="Completed; may start, with warnings or skipped failures.",
    WAITING="Not completed, and nothing blocks so far.",
    BLOCKED="At least one failure is not skipped, or the vendor itself says no.",
    INCONCLUSIVE="Ended or unreachable without enough evidence to say either way.",
)
_describe(
    PrecheckItemState,
    "Result of one check. Skipping does not change it.",
    PENDING="Not started.",
    RUNNING="Being checked.",
    PASSED="Nothing to do.",
    WARNING="Passed, with something to look at.",
    FAILED="Did not pass.",
    NOT_RUN="Never carried out, because an earlier check stopped it.",
    UNKNOWN="The vendor's word was not understood. Never counted as passed.",
)
_describe(
    PrecheckSide,
    "Which end of the migration a check looks at.",
    SOURCE="Where data comes from.",
    TARGET="Where data goes.",
    BOTH="Compares the two sides, or their settings.",
    PLATFORM="The migration tool itself.",
    UNKNOWN="Neither the vendor nor the check's code tells.",
)
_describe(
    PrecheckEndpointRole,
    "Which instance of an end was checked.",
    PRIMARY="The primary instance.",
    STANDBY="A standby instance.",
    PRIMARY_AND_STANDBY="The primary and its standby together.",
    OTHER="An instance in a role that has no word here.",
)
_describe(
    PrecheckCategory,
    "What a check is about, the same words for every vendor.",
    CONNECTIVITY="Whether a database or a node can be reached.",
    PRIVILEGE="What the migration's accounts may do.",
    VERSION="Whether database versions are supported and fit together.",
    CONFIGURATION="Parameters, character sets and clocks.",
    CHANGE_LOG="Binary logs, archive logs and whatever else incremental copying reads.",
    CAPACITY="Disk space and other resources.",
    OBJECT_PRESENCE="Objects that must be there, or must not be there yet.",
    OBJECT_SUPPORT="Types, names, engines and keys the tool cannot carry over.",
    DEPENDENCY="Foreign keys, views and other objects that need one another.",
    INSTANCE="Instance state and topology.",
    SECURITY="Encryption of connections.",
    PLATFORM="The migration tool itself.",
    OTHER="A check that is in no table yet.",
)
_describe(
    PrecheckPurpose,
    "What kind of task the precheck guards.",
    MIGRATION="Moving data once, with or without following changes.",
    SYNCHRONISATION="Keeping two databases equal.",
    COMPARISON="Comparing two databases.",
    UNKNOWN="The vendor does not say.",
)
_describe(
    PrecheckDirection,
    "Which way data moves, seen from the vendor's cloud.",
    INTO_CLOUD="Into the vendor's cloud.",
    OUT_OF_CLOUD="Out of the vendor's cloud.",
    SELF_MANAGED="Between databases the vendor does not run.",
    OTHER="The vendor's word has no counterpart here.",
)
_describe(
    PrecheckProgressSource,
    "Where the percentage comes from.",
    REPORTED="The vendor reported it.",
    DERIVED="The share of finished items.",
)
_describe(
    PrecheckSnapshotSource,
    "How an answer was obtained.",
    LIVE="Answered by the vendor for this request.",
    CACHED="Recent enough, from the shared snapshot.",
    STALE="Older than asked for, or missing, because the newest attempt failed.",
)
_describe(
    PrecheckRemedySource,
    "Who wrote a remedy.",
    VENDOR="The vendor sent it.",
    CATALOGUE="This API's own catalogue of checks.",
)
_describe(
    PrecheckOrder,
    "How to order prechecks.",
    UPDATED_DESC="Newest change first.",
    VERDICT_WORST_FIRST="BLOCKED, INCONCLUSIVE, WAITING, READY_WITH_WARNINGS, READY.",
    PROVIDER="By provider id, then by the vendor's identifier.",
)
_describe(
    PrecheckProblemCode,
    "Kinds of trouble. The same words stand in `errors[].extensions.code`.",
    NOT_FOUND="The vendor knows no such precheck.",
    INVALID_REFERENCE="The identifier cannot be one of this API or of this vendor.",
    UNKNOWN_PROVIDER="The provider is not configured here.",
    AUTHENTICATION="The vendor refuses the configured credentials.",
    FORBIDDEN="The credentials are right, but may not read this.",
    RATE_LIMITED="Too many calls, by the vendor's count or by this server's.",
    TIMEOUT="No answer in time, or a run that its vendor does not end.",
    UNREACHABLE="No connection to the vendor, or its side is broken.",
    VENDOR_ERROR="The vendor answered with an error of its own.",
    UNREADABLE_ANSWER="The vendor's answer could not be read.",
    UNSUPPORTED="The vendor cannot do that.",
    CONFLICT="The vendor's state does not allow it now.",
    INTERNAL="A fault of this server.",
)
_describe(
    ProviderCapability,
    "What a provider can report or do.",
    BATCH_QUERY="One vendor call answers for several prechecks.",
    REPORTS_PROGRESS="Sends a percentage.",
    REPORTS_SIDE="Says which end a check looks at.",
    REPORTS_ROLE="Says which instance of an end was checked.",
    REPORTS_GROUP="Groups its checks.",
    REPORTS_WARNINGS="Knows a state between passed and failed.",
    REPORTS_REMEDY="Says what to do about a finding.",
    REPORTS_SKIP_CONSEQUENCE="Says what may happen if a check is skipped.",
    REPORTS_AFFECTED_OBJECTS="Lists the objects a finding is about.",
    REPORTS_SUB_JOBS="Lists the sub-tasks that failed.",
    LOCALISED_TEXT="Sends its texts in several languages.",
    RERUN="A precheck can be run again.",
    SKIP_ITEM="A check can be skipped.",
    UNSKIP_ITEM="A skip can be taken back.",
)
_describe(
    ProviderState,
    "How a provider has behaved lately.",
    HEALTHY="The last call succeeded.",
    DEGRADED="The last calls failed, or too many of the last minute's did.",
    DOWN="Five or more calls in a row failed.",
    UNKNOWN="Not called yet.",
)
_describe(
    PrecheckLocale,
    "Languages for vendor text.",
    EN="English.",
    ZH_CN="Simplified Chinese.",
)
_describe(
    PrecheckEventKind,
    "Why an event was sent.",
    SNAPSHOT="The first event of a precheck in this stream: its state now.",
    CHANGED="Something differs from the event before.",
    COMPLETED="The run is over, whatever its verdict; of a run seen at work, two readings have said so.",
    RESTARTED="A new run replaced the one before, which had finished or stood at a higher percentage.",
    PROBLEM="The newest attempt failed, or the deadline passed; `problem` says which.",
)
_describe(
    PrecheckStreamEnd,
    "When a stream ends by itself.",
    ALL_COMPLETED="When every watched precheck has completed.",
    FIRST_BLOCKER="As soon as one precheck is BLOCKED, or all have completed.",
    NEVER="Stay open through re-runs until the client leaves.",
)
