"""The words of this API, the same for every vendor; `domain` builds its objects from them."""

import enum


class PrecheckStatus(enum.Enum):
    """Where a run is in its life."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    ERRORED = "ERRORED"
    SKIPPED = "SKIPPED"
    UNKNOWN = "UNKNOWN"

    @property
    def is_final(self) -> bool:
        """Whether the vendor will change nothing more in this run."""
        return self in FINAL_STATUSES


FINAL_STATUSES = frozenset({PrecheckStatus.COMPLETED, PrecheckStatus.ERRORED, PrecheckStatus.SKIPPED})


class PrecheckVerdict(enum.Enum):
    """Answer to: may the migration start? Worst first, as rollups and orderings count."""

    BLOCKED = "BLOCKED"
    INCONCLUSIVE = "INCONCLUSIVE"
    WAITING = "WAITING"
    READY_WITH_WARNINGS = "READY_WITH_WARNINGS"
    READY = "READY"


class PrecheckItemState(enum.Enum):
    """Result of one check; a skip does not change it."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    PASSED = "PASSED"
    WARNING = "WARNING"
    FAILED = "FAILED"
    NOT_RUN = "NOT_RUN"
    UNKNOWN = "UNKNOWN"


class PrecheckSide(enum.Enum):
    """Which end of the migration a check looks at."""

    SOURCE = "SOURCE"
    TARGET = "TARGET"
    BOTH = "BOTH"
    PLATFORM = "PLATFORM"
    UNKNOWN = "UNKNOWN"


class PrecheckEndpointRole(enum.Enum):
    """Which instance of an end was checked."""

    PRIMARY = "PRIMARY"
    STANDBY = "STANDBY"
    PRIMARY_AND_STANDBY = "PRIMARY_AND_STANDBY"
    OTHER = "OTHER"


class PrecheckCategory(enum.Enum):
    """What a check is about."""

    CONNECTIVITY = "CONNECTIVITY"
    PRIVILEGE = "PRIVILEGE"
    VERSION = "VERSION"
    CONFIGURATION = "CONFIGURATION"
    CHANGE_LOG = "CHANGE_LOG"
    CAPACITY = "CAPACITY"
    OBJECT_PRESENCE = "OBJECT_PRESENCE"
    OBJECT_SUPPORT = "OBJECT_SUPPORT"
    DEPENDENCY = "DEPENDENCY"
    INSTANCE = "INSTANCE"
    SECURITY = "SECURITY"
    PLATFORM = "PLATFORM"
    OTHER = "OTHER"


class PrecheckPurpose(enum.Enum):
    """What kind of task the precheck guards."""

    MIGRATION = "MIGRATION"
    SYNCHRONISATION = "SYNCHRONISATION"
    COMPARISON = "COMPARISON"
    UNKNOWN = "UNKNOWN"


class PrecheckDirection(enum.Enum):
    """Which way data moves, seen from the vendor's cloud."""

    INTO_CLOUD = "INTO_CLOUD"
    OUT_OF_CLOUD = "OUT_OF_CLOUD"
    SELF_MANAGED = "SELF_MANAGED"
    OTHER = "OTHER"


class PrecheckProgressSource(enum.Enum):
    """Where the percentage comes from."""

    REPORTED = "REPORTED"
    DERIVED = "DERIVED"


class PrecheckSnapshotSource(enum.Enum):
    """How an answer was obtained."""

    LIVE = "LIVE"
    CACHED = "CACHED"
    STALE = "STALE"


class PrecheckRemedySource(enum.Enum):
    """Who wrote a remedy."""

    VENDOR = "VENDOR"
    CATALOGUE = "CATALOGUE"


class PrecheckOrder(enum.Enum):
    """How to order prechecks."""

    UPDATED_DESC = "UPDATED_DESC"
    VERDICT_WORST_FIRST = "VERDICT_WORST_FIRST"
    PROVIDER = "PROVIDER"


class PrecheckProblemCode(enum.Enum):
    """Kinds of trouble: one vocabulary for every channel."""

    NOT_FOUND = "NOT_FOUND"
    INVALID_REFERENCE = "INVALID_REFERENCE"
    UNKNOWN_PROVIDER = "UNKNOWN_PROVIDER"
    AUTHENTICATION = "AUTHENTICATION"
    FORBIDDEN = "FORBIDDEN"
    RATE_LIMITED = "RATE_LIMITED"
    TIMEOUT = "TIMEOUT"
    UNREACHABLE = "UNREACHABLE"
    VENDOR_ERROR = "VENDOR_ERROR"
    UNREADABLE_ANSWER = "UNREADABLE_ANSWER"
    UNSUPPORTED = "UNSUPPORTED"
    CONFLICT = "CONFLICT"
    INTERNAL = "INTERNAL"


class ProviderCapability(enum.Enum):
    """What a provider can report or do."""

    BATCH_QUERY = "BATCH_QUERY"
    REPORTS_PROGRESS = "REPORTS_PROGRESS"
    REPORTS_SIDE = "REPORTS_SIDE"
    REPORTS_ROLE = "REPORTS_ROLE"
    REPORTS_GROUP = "REPORTS_GROUP"
    REPORTS_WARNINGS = "REPORTS_WARNINGS"
    REPORTS_REMEDY = "REPORTS_REMEDY"
    REPORTS_SKIP_CONSEQUENCE = "REPORTS_SKIP_CONSEQUENCE"
    REPORTS_AFFECTED_OBJECTS = "REPORTS_AFFECTED_OBJECTS"
    REPORTS_SUB_JOBS = "REPORTS_SUB_JOBS"
    LOCALISED_TEXT = "LOCALISED_TEXT"
    RERUN = "RERUN"
    SKIP_ITEM = "SKIP_ITEM"
    UNSKIP_ITEM = "UNSKIP_ITEM"


class ProviderState(enum.Enum):
    """How a provider has behaved lately."""

    HEALTHY = "HEALTHY"
    DEGRADED = "DEGRADED"
    DOWN = "DOWN"
    UNKNOWN = "UNKNOWN"


class PrecheckLocale(enum.Enum):
    """Languages for vendor text."""

    EN = "EN"
    ZH_CN = "ZH_CN"


class PrecheckEventKind(enum.Enum):
    """Why an event was sent."""

    SNAPSHOT = "SNAPSHOT"
    CHANGED = "CHANGED"
    COMPLETED = "COMPLETED"
    RESTARTED = "RESTARTED"
    PROBLEM = "PROBLEM"


class PrecheckStreamEnd(enum.Enum):
    """When a stream ends by itself."""

    ALL_COMPLETED = "ALL_COMPLETED"
    FIRST_BLOCKER = "FIRST_BLOCKER"
    NEVER = "NEVER"
