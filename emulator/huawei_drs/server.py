"""DRS and IAM on one port: the v3 batch, the v5 job detail, tokens and signed requests."""

import re
import secrets
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from emulator.clock import Clock
from emulator.demo import DemoProvider
from emulator.huawei_drs import scenarios, signature
from emulator.huawei_drs.refusals import all_unknown, entry, gateway, refused
from emulator.huawei_drs.tokens import Iam
from emulator.runs import SCENARIOS, Runs
from emulator.vendor import Call, Reply, Request, VendorServer

# The documentation speaks of UUIDs; its own examples end in letters that no UUID has.
JOB_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-z]{12}")
TOKEN_PATH = "/v3/auth/tokens"  # noqa: S105  # a path
BATCH_PATH = re.compile(r"/v3/([^/]+)/jobs/batch-precheck-result/?")
JOB_PATH = re.compile(r"/v5/([^/]+)/jobs/([^/]+)/?")
BATCH_LIMIT = 10


class Server(VendorServer):
    """Serves one project of one account."""

    operations = ("batch-precheck-result", "job-detail", "iam-token")
    scenarios = SCENARIOS
    reference_pattern = re.compile(rf"{JOB_ID.pattern}(/{JOB_ID.pattern})?")
    batches = True
    apis = ("v3", "v5")

    def __init__(self, provider: DemoProvider, clock: Clock, runs: Runs) -> None:
        super().__init__(provider, clock, runs)
        self._iam = Iam(self.credentials(), provider.region, clock)

    def seeds(self) -> Mapping[str, str]:
        """The two examples of the documentation."""
        return {
            "140b5236-88ad-43c8-811c-1268453jb101": "seed-mysql.json",
            "a281f62f-4631-45d6-a2d3-679a9f4jb105": "seed-dds.json",
        }

    def credentials(self) -> Mapping[str, str]:
        """Both ways in: the key pair, and the IAM user."""
        names = ("project_id", "access_key", "username", "domain")
        return {**{name: self.provider.settings[name] for name in names}, **self.provider.secrets}

    def new_reference(self, scenario: str = "", api: str = "") -> str:
        """A job id for v3; `job/query` for v5, which alone can say that an item was skipped."""
        job_id = f"{str(uuid.uuid4())[:24]}{secrets.token_hex(4)[:7]}jb{secrets.randbelow(900) + 100}"
        return f"{job_id}/{uuid.uuid4()}" if api == "v5" or scenario == "skipped" else job_id

    def identify(self, request: Request) -> Call:
        """Tell the three operations apart by method and path."""
        if request.method == "POST" and request.path.rstrip("/") == TOKEN_PATH:
            return Call("iam-token")
        if request.method == "POST" and BATCH_PATH.fullmatch(request.path):
            return Call("batch-precheck-result", tuple(_strings(_jobs(request))), result=True)
        job = JOB_PATH.fullmatch(request.path)
        if request.method == "GET" and job is not None:
            query_id = request.parameter("query_id") or ""
            return Call("job-detail", (f"{job[2]}/{query_id}",), result=request.parameter("type") == "precheck")
        return Call()

    def answer(self, request: Request, call: Call) -> Reply:
        """Dispatch; every answer carries its X-Request-Id."""
        request_id = secrets.token_hex(16)
        return _traced(self._answer(request, call, request_id), request_id)

    def throttled(self, request: Request, call: Call, retry_after: float) -> Reply:  # noqa: ARG002  # whatever was asked
        """The gateway's quota for one user."""
        message = "The throttling threshold has been reached: policy user over ratelimit, limit:20, time:1 minute"
        request_id = secrets.token_hex(16)
        return _traced(gateway(429, "APIGW.0308", message, request_id, retry_after), request_id)

    def expired(self, request: Request, call: Call) -> Reply | None:  # noqa: ARG002  # whatever was asked
        """Void the tokens; a signed request is refused as one whose key is no longer good."""
        self._iam.void()
        if "x-auth-token" in request.headers:
            return None
        request_id = secrets.token_hex(16)
        bad = signature.BAD_SIGNATURE
        return _traced(gateway(401, bad.code, bad.message, request_id), request_id)

    def stamp(self, body: dict[str, Any], reference: str) -> dict[str, Any]:
        """Put the job id where v3 and v5 echo it; entries of a batch that are another job's stay as they are."""
        job_id = reference.partition("/")[0]
        stamped = dict(body)
        if isinstance(body.get("job"), dict) and "id" in body["job"]:
            stamped["job"] = {**body["job"], "id": job_id}
        if isinstance(body.get("results"), list):
            stamped["results"] = list(_stamped_entries(body["results"], job_id))
        return stamped

    def _answer(self, request: Request, call: Call, request_id: str) -> Reply:
        if call.operation == "iam-token":
            return self._iam.issue(request.json)
        refusal = self._refusal(request, request_id)
        if refusal is not None:
            return refusal
        if call.operation == "batch-precheck-result":
            return self._batch(request, call.references)
        if call.operation == "job-detail":
            return self._job_detail(request, call)
        return refused("DRS.M00101", _language(request))

    def _refusal(self, request: Request, request_id: str) -> Reply | None:
        token = request.headers.get("x-auth-token")
        if token is not None:
            grant = self._iam.grant(token)
            if grant is None:
                message = "Incorrect IAM authentication information: the token must be updated"
                return gateway(401, "APIGW.0301", message, request_id)
            return self._wrong_project(request, grant.project_id)
        known = self.credentials()
        bad = signature.refusal(request, {known["access_key"]: known["secret_key"]}, self.clock.now())
        if bad is not None:
            return gateway(401, bad.code, bad.message, request_id)
        return self._wrong_project(request, known["project_id"])

    def _wrong_project(self, request: Request, project_id: str) -> Reply | None:
        path = BATCH_PATH.fullmatch(request.path) or JOB_PATH.fullmatch(request.path)
        named = {request.headers.get("x-project-id", project_id), path[1] if path else project_id}
        return None if named == {project_id} else refused("DRS.M00261", _language(request))

    def _batch(self, request: Request, references: tuple[str, ...]) -> Reply:
        language = _language(request)
        fault = _batch_fault(_jobs(request))
        if fault:
            return refused(fault, language)
        # In the order of the ids and not of the question: nothing promises the latter.
        known = {each: run for each in sorted(references) if (run := self.runs.find(each)) is not None}
        if not known and references:
            return all_unknown(references, language)
        scripted = {each: self.scripted(run) for each, run in known.items() if run.script}
        whole = next((reply for reply in scripted.values() if len(references) == 1 or not _joins(reply)), None)
        if whole is not None:
            return whole
        results: list[Any] = []
        for reference in sorted(references):
            results += self._entries(reference, scripted.get(reference), language)
        return Reply({"count": len(results), "results": results})

    def _entries(self, reference: str, scripted: Reply | None, language: str) -> list[Any]:
        if scripted is not None and isinstance(scripted.body, dict):
            return list(scripted.body["results"])
        run = self.runs.find(reference)
        if run is None:
            return [entry("DRS.M00289", language, reference)]
        return [scenarios.entry_v3(run, run.phase(self.clock.time()), language)]

    def _job_detail(self, request: Request, call: Call) -> Reply:
        language = _language(request)
        if not call.result or not request.parameter("query_id"):
            return refused("DRS.M00202", language)
        run = self.runs.find(call.references[0]) if call.references else None
        if run is None:
            return refused("DRS.10000010", language)
        if run.script:
            return self.scripted(run)
        return Reply(scenarios.body_v5(run, run.phase(self.clock.time()), language))


def _traced(reply: Reply, request_id: str) -> Reply:
    return replace(reply, headers={"X-Request-Id": request_id, **reply.headers})


def _language(request: Request) -> str:
    return request.headers.get("x-language", "en-us").lower()


def _jobs(request: Request) -> Any:
    return request.json.get("jobs") if isinstance(request.json, dict) else None


def _strings(values: Any) -> Iterable[str]:
    return (value for value in values if isinstance(value, str)) if isinstance(values, list) else ()


def _batch_fault(jobs: Any) -> str:
    """The code for what is wrong with the ids of a batch; "" when nothing is."""
    if jobs is None or jobs in ([], ""):
        return "DRS.M00201"
    if not isinstance(jobs, list) or not all(isinstance(job, str) and JOB_ID.fullmatch(job) for job in jobs):
        return "DRS.M00202"
    if len(set(jobs)) < len(jobs):
        return "DRS.M00301"
    return "DRS.M00300" if len(jobs) > BATCH_LIMIT else ""


def _joins(reply: Reply) -> bool:
    return reply.status == 200 and isinstance(reply.body, dict) and isinstance(reply.body.get("results"), list)


def _stamped_entries(entries: list[Any], job_id: str) -> Iterable[Any]:
    first = next((each.get("precheck_id") for each in entries if isinstance(each, dict)), None)
    for each in entries:
        ours = isinstance(each, dict) and "precheck_id" in each and each["precheck_id"] == first
        yield {**each, "precheck_id": job_id} if ours else each
