"""The one tree of errors and their wording.

    PrecheckError                 trouble on the way to a vendor or in its answer; becomes data
    ├── NotFound                  the vendor knows no such precheck
    ├── InvalidReference          the identifier cannot be one of this vendor
    ├── UnknownProvider           no such provider in the configuration
    ├── Unauthenticated           the vendor refuses the configured credentials
    ├── Forbidden                 the credentials are right, their rights are not enough
    ├── RateLimited               too many calls
    ├── TimedOut                  no answer in time
    ├── Unreachable               no connection, or the vendor's side is broken
    ├── VendorError               the vendor answered with an error of its own
    ├── UnreadableAnswer          the answer is not what the vendor documents
    ├── Unsupported               this vendor cannot do that
    ├── Conflict                  the vendor's state does not allow it now
    └── InternalFault             a fault of this server
    RequestError                  the client's request, not a precheck, is at fault; only in `errors[]`
    ├── BadRequest                arguments that cannot be answered
    ├── LimitExceeded             more than one operation may ask for
    ├── TooMuchAtOnce             more than one client may ask for in a minute
    ├── OperationTimedOut         answering took longer than one operation may
    ├── NotPermitted              the token does not have the right that this needs
    ├── DocumentNotTrusted        only documents of the manifest are executed here
    ├── DocumentUnknown           named by a hash that the manifest does not have
    ├── TooManyStreams            more streams than a socket, a client or this server may have
    ├── StreamNotFound            no stream that this caller has reserved under that token
    ├── StreamConflict            a reserved stream is open already, or has an operation of that id
    ├── TooManyConnections        more connections than this server has places for
    ├── ServerRestarting          not the client's fault: this server ends, ask again
    ├── TokenRefused              nobody may ask without a bearer token that holds
    ├── AuthExpired               the bearer token of a stream or a socket has ended
    └── KeysUnavailable           not the client's fault: no key to check any token with

A `PrecheckError` is raised inside a provider and caught once, in `Provider.fetch`: above that point the
same facts travel as a `PrecheckProblem` beside the answers of others.
"""

from typing import Any, ClassVar

from resolvers.domain import PrecheckProblem
from resolvers.vocabulary import PrecheckProblemCode as Code


class PrecheckError(Exception):
    """Trouble with one precheck. `retryable`: the same request may work later without any change."""

    code: ClassVar[Code]
    retryable: ClassVar[bool] = False

    def __init__(
        self,
        message: str,
        *,
        provider_id: str | None = None,
        retryable: bool | None = None,
        retry_after_seconds: float | None = None,
        vendor_code: str | None = None,
        vendor_advice: str | None = None,
        vendor_request_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.problem = PrecheckProblem(
            code=self.code,
            message=message,
            retryable=self.retryable if retryable is None else retryable,
            retry_after_seconds=retry_after_seconds,
            provider_id=provider_id,
            vendor_code=vendor_code,
            vendor_advice=vendor_advice,
            vendor_request_id=vendor_request_id,
        )


class NotFound(PrecheckError):
    """The vendor knows no such precheck."""

    code = Code.NOT_FOUND


class InvalidReference(PrecheckError):
    """The identifier cannot be one of this vendor."""

    code = Code.INVALID_REFERENCE


class UnknownProvider(PrecheckError):
    """No provider of that id is configured."""

    code = Code.UNKNOWN_PROVIDER


class Unauthenticated(PrecheckError):
    """The vendor refuses the configured credentials."""

    code = Code.AUTHENTICATION


class Forbidden(PrecheckError):
    """The credentials are right, their rights are not enough."""

    code = Code.FORBIDDEN


class RateLimited(PrecheckError):
    """Too many calls, by the vendor's count or by ours."""

    code = Code.RATE_LIMITED
    retryable = True


class TimedOut(PrecheckError):
    """No answer in time."""

    code = Code.TIMEOUT
    retryable = True


class Unreachable(PrecheckError):
    """No connection, or the vendor's side is broken."""

    code = Code.UNREACHABLE
    retryable = True


class VendorError(PrecheckError):
    """The vendor answered with an error of its own that has no word here."""

    code = Code.VENDOR_ERROR


class UnreadableAnswer(PrecheckError):
    """The answer is not what the vendor documents."""

    code = Code.UNREADABLE_ANSWER
    retryable = True


class Unsupported(PrecheckError):
    """This vendor cannot do that."""

    code = Code.UNSUPPORTED


class Conflict(PrecheckError):
    """The vendor's state does not allow it now."""

    code = Code.CONFLICT


class InternalFault(PrecheckError):
    """A fault of this server; the log has the details."""

    code = Code.INTERNAL


class ProblemShown(Exception):
    """A problem that has to leave through GraphQL's `errors`, because the field has nothing else to show."""

    def __init__(self, problem: PrecheckProblem) -> None:
        super().__init__(problem.message)
        self.problem = problem
        self.extensions = problem_extensions(problem)


class RequestError(Exception):
    """The client's request is at fault; refused before any vendor call."""

    code: ClassVar[str]

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.extensions: dict[str, Any] = {"code": self.code}


class BadRequest(RequestError):
    """Arguments that cannot be answered; the message says which and what is accepted."""

    code = "BAD_REQUEST"


class LimitExceeded(RequestError):
    """More than one operation may ask for; the message says how much and how much is allowed."""

    code = "LIMIT_EXCEEDED"


class TooMuchAtOnce(RequestError):
    """More than one client may ask for in a minute; the message says when to ask again."""

    code = "RATE_LIMITED"

    def __init__(self, message: str, retry_after_seconds: float) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds
        self.extensions |= {"retryable": True, "retryAfterSeconds": retry_after_seconds}


class OperationTimedOut(RequestError):
    """Answering took longer than one operation may; what was not done is given up."""

    code = "OPERATION_TIMEOUT"


class NotPermitted(RequestError):
    """The token does not have the right that the operation needs; the message names it."""

    code = "NOT_PERMITTED"


class DocumentNotTrusted(RequestError):
    """Only documents of the manifest are executed here."""

    code = "DOCUMENT_NOT_TRUSTED"


class DocumentUnknown(RequestError):
    """Named by a hash that the manifest does not have; the code is the one that Apollo's clients know."""

    code = "PERSISTED_QUERY_NOT_FOUND"


class TooManyStreams(RequestError):
    """More streams than a socket, a client or this server may have; the message says whose limit it is."""

    code = "TOO_MANY_STREAMS"


class StreamNotFound(RequestError):
    """No stream that this caller has reserved under that token; it may have ended."""

    code = "STREAM_NOT_FOUND"


class StreamConflict(RequestError):
    """A reserved stream is open already, or has an operation of that id under way."""

    code = "STREAM_CONFLICT"


class TooManyConnections(RequestError):
    """More connections than this server has places for."""

    code = "TOO_MANY_CONNECTIONS"


class ServerRestarting(RequestError):
    """This server is about to end; whoever asks again reaches the next one."""

    code = "SERVER_RESTARTING"


class TokenRefused(RequestError):
    """No bearer token, or one that does not hold; the message says why and never quotes it."""

    code = "UNAUTHENTICATED"


class AuthExpired(RequestError):
    """The bearer token that opened a stream or a socket has ended."""

    code = "AUTH_EXPIRED"


class KeysUnavailable(RequestError):
    """The issuer's keys could not be had yet, so that no token can be checked."""

    code = "AUTH_UNAVAILABLE"


def problem_extensions(problem: PrecheckProblem) -> dict[str, Any]:
    """The `extensions` of a GraphQL error that shows this problem: camelCase, without empty entries."""
    entries = {
        "code": problem.code.value,
        "retryable": problem.retryable,
        "retryAfterSeconds": problem.retry_after_seconds,
        "providerId": problem.provider_id,
        "vendorCode": problem.vendor_code,
        "vendorAdvice": problem.vendor_advice,
        "vendorRequestId": problem.vendor_request_id,
    }
    return {name: value for name, value in entries.items() if value is not None}


def unknown_provider(provider_id: str) -> PrecheckProblem:
    """Says that no provider of that id is configured here."""
    return UnknownProvider(
        f"No provider {provider_id!r} is configured here; `precheckProviders {{ id }}` lists the ones that are.",
        provider_id=provider_id,
    ).problem


def unreadable_item_id(item_id: object) -> PrecheckProblem:
    """Says that an item's id was not made by this API."""
    return InvalidReference(
        f"{str(item_id)[:80]!r} was not given by this API as the id of an item; those start with `pi1.`."
    ).problem


def unreadable_id(precheck_id: str) -> PrecheckProblem:
    """Says that an id was not made by this API."""
    return InvalidReference(
        f"{precheck_id[:80]!r} was not given by this API as the id of a precheck; those start with `pc1.`. "
        "With a vendor's identifier use `providerId` and `externalId`."
    ).problem


def too_many_references(argument: str, count: int, most: int) -> LimitExceeded:
    """Says that a list of references is longer than one operation may ask for."""
    return LimitExceeded(f"`{argument}` has {count} entries; at most {most} may be asked for at once.")
