"""A stand-in for the API server of Kubeflow Pipelines, on loopback.

Requests and answers are held to the models of kfp-server-api, which are made from the API's own
description: a field that it does not know, or a value of another type, is a fault. It keeps what
it is told in memory, and fails in the ways that a test switches on.
"""

import contextlib
import email.parser
import email.policy
import http.server
import itertools
import json
import re
import socket
import struct
import threading
import time
import urllib.parse
from collections.abc import Iterator
from typing import Any, NamedTuple

import kfp_server_api as models
import yaml

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
CREATED = "2026-03-01T02:00:00Z"
_TYPES = {"str": str, "int": int, "float": (int, float), "bool": bool, "object": object}
_JSON_TYPES = {
    "STRING": (str,),
    "NUMBER_INTEGER": (int,),
    "NUMBER_DOUBLE": (int, float),
    "BOOLEAN": (bool,),
}


class Refused(Exception):  # noqa: N818, an answer as others are
    """An answer other than 200."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


class Request(NamedTuple):
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any


class Fault(NamedTuple):
    method: str
    path: str
    kind: str
    message: str
    seconds: float


def check(value: Any, kind: str, where: str) -> None:
    """Holds a JSON value to a type of the API's description."""
    if value is None:
        return
    if inner := re.fullmatch(r"list\[(.*)\]", kind):
        _require(isinstance(value, list), where, kind)
        for index, item in enumerate(value):
            check(item, inner[1], f"{where}[{index}]")
    elif kind.startswith("dict("):
        _require(isinstance(value, dict), where, kind)
    elif kind == "datetime":
        _require(isinstance(value, str) and value.endswith("Z"), where, kind)
    elif kind in _TYPES:
        _require(isinstance(value, _TYPES[kind]), where, kind)
    else:
        _check_model(value, getattr(models, kind), where)


def _check_model(value: Any, model: Any, where: str) -> None:
    if hasattr(model, "allowable_values"):
        _require(value in model.allowable_values, where, f"one of {model.allowable_values}")
        return
    _require(isinstance(value, dict), where, model.__name__)
    kinds = {wire: model.openapi_types[name] for name, wire in model.attribute_map.items()}
    for field, content in value.items():
        if field not in kinds:
            raise Refused(400, 3, f'{where}: unknown field "{field}" in {model.__name__}')
        check(content, kinds[field], f"{where}.{field}")


def _require(fits: bool, where: str, kind: str) -> None:
    if not fits:
        raise Refused(400, 3, f"{where}: not {kind}")


class ApiServer(http.server.ThreadingHTTPServer):
    """The stand-in.

    Attributes:
        requests: What it received.
        namespace: The one namespace that its user may use; "" is Kubeflow with a single user, which
            takes no notice of a namespace.
        token: What a request must bring; "" asks for none.
        page_size: The most entries of a page.
        script: What becomes of each run, look by look: changes of the run; the last one stays.
        logs: What pods logged, by their names; others are gone.
        has_logs: Whether there is a way to logs.
        is_ui: Whether it stands behind Kubeflow's UI, which has its own way to logs.
        most_active: The most recurring runs of one name that were enabled at the same time.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests: list[Request] = []
        self.namespace = ""
        self.token = ""
        self.page_size = 100
        self.script: list[dict[str, Any]] = []
        self.logs: dict[str, str] = {}
        self.has_logs = True
        self.is_ui = False
        self.most_active = 0
        self.experiments: dict[str, Any] = {}
        self.runs: dict[str, Any] = {}
        self.recurring: dict[str, Any] = {}
        self.pipelines: dict[str, Any] = {}
        self.versions: dict[str, Any] = {}
        self.files: dict[str, str] = {}
        self.lock = threading.RLock()
        self._faults: list[Fault] = []
        self._looks: dict[str, int] = {}
        self._ids = itertools.count(1)

    @property
    def host(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def fail(
        self, method: str, path: str, kind: str, *, times: int = 1, message: str = "", seconds=0.0
    ) -> None:
        """The next requests fail.

        Args:
            method: Of these requests.
            path: A pattern that their whole path matches, behind /apis/v2beta1.
            kind: An HTTP status; "html"; "login" (a redirection); "slow"; "reset" (before anything
                is done); "lost" (all is done, but no answer comes); "late" (as `slow`, and done).
            times: How many.
            message: What the server says.
            seconds: How slow it is.
        """
        self._faults += [Fault(method, path, kind, message, seconds)] * times

    def seen(self, method: str, path: str) -> list[Request]:
        """Returns the requests whose path matches."""
        return [r for r in self.requests if r.method == method and re.fullmatch(path, r.path)]

    def take_fault(self, method: str, path: str) -> Fault | None:
        with self.lock:
            for fault in self._faults:
                if fault.method == method and re.fullmatch(fault.path, path):
                    self._faults.remove(fault)
                    return fault
        return None

    def new_id(self, kind: str) -> str:
        return f"{kind}-{next(self._ids)}"

    def answer(self, request: Request) -> tuple[dict[str, Any], str]:
        """Returns what the API answers, and the model that it is of."""
        with self.lock:
            for method, pattern, respond, model in _ROUTES:
                match = re.fullmatch(pattern, request.path)
                if match and request.method == method:
                    result = respond(self, request, *match.groups())
                    self._note_active()
                    if model:
                        check(result, model, "answer")
                    return result, model
        raise Refused(404, 5, "Not Found")

    def _note_active(self) -> None:
        names = [r["display_name"] for r in self.recurring.values() if r["status"] == "ENABLED"]
        self.most_active = max([self.most_active, *(names.count(name) for name in names)])

    # --- what the API does ---

    def health(self, request: Request) -> dict[str, Any]:
        return {"multi_user": bool(self.namespace)}

    def create_experiment(self, request: Request) -> dict[str, Any]:
        check(request.body, "V2beta1Experiment", "experiment")
        self._check_namespace(request.body.get("namespace", ""))
        request.body["namespace"] = self.namespace
        if any(
            one["display_name"] == request.body["display_name"] for one in self.experiments.values()
        ):
            raise Refused(409, 6, "Already exist error: experiment")
        made = {**request.body, "experiment_id": self.new_id("experiment"), "created_at": CREATED}
        return self.experiments.setdefault(made["experiment_id"], made)

    def get_experiment(self, request: Request, one: str) -> dict[str, Any]:
        if one not in self.experiments:
            raise Refused(404, 5, f"ResourceNotFoundError: Experiment {one} not found")
        return self.experiments[one]

    def create_pipeline(self, request: Request) -> dict[str, Any]:
        check(request.body, "V2beta1Pipeline", "pipeline")
        self._check_namespace(request.body.get("namespace", ""))
        if any(
            one["display_name"] == request.body["display_name"] for one in self.pipelines.values()
        ):
            raise Refused(409, 6, "Already exist error: pipeline")
        made = {**request.body, "pipeline_id": self.new_id("pipeline"), "created_at": CREATED}
        return self.pipelines.setdefault(made["pipeline_id"], made)

    def upload_version(self, request: Request) -> dict[str, Any]:
        query = request.query
        if query.keys() - {"name", "pipelineid", "description"}:
            raise Refused(400, 3, f"unknown query {sorted(query)}")
        if query["pipelineid"] not in self.pipelines:
            raise Refused(404, 5, f"ResourceNotFoundError: Pipeline {query['pipelineid']}")
        there = [v for v in self.versions.values() if v["pipeline_id"] == query["pipelineid"]]
        if query["name"] in [version["display_name"] for version in there]:
            raise Refused(409, 6, "Already exist error: pipeline version")
        documents = [d for d in yaml.load_all(request.body, LOADER) if d]
        _check_spec(documents[0])
        spec = documents[0]
        if len(documents) > 1:
            spec = {"pipeline_spec": documents[0], "platform_spec": documents[1]}
        made = {
            "pipeline_id": query["pipelineid"],
            "pipeline_version_id": self.new_id("version"),
            "display_name": query["name"],
            "created_at": CREATED,
            "pipeline_spec": spec,
        }
        self.files[made["pipeline_version_id"]] = request.body
        return self.versions.setdefault(made["pipeline_version_id"], made)

    def create_run(self, request: Request) -> dict[str, Any]:
        check(request.body, "V2beta1Run", "run")
        self._check_experiment(request.body)
        document = request.body["pipeline_spec"]
        spec = document.get("pipeline_spec", document)
        _check_spec(spec)
        _check_parameters(spec, request.body["runtime_config"].get("parameters", {}))
        run_id = self.new_id("run")
        made = {**request.body, "run_id": run_id, "created_at": CREATED, "state": "PENDING"}
        return self.runs.setdefault(run_id, made)

    def get_run(self, request: Request, run_id: str) -> dict[str, Any]:
        if run_id not in self.runs:
            raise Refused(404, 5, f"Failed to get a run: ResourceNotFoundError: Run {run_id}")
        if self.script:
            look = self._looks.get(run_id, 0)
            self._looks[run_id] = look + 1
            self.runs[run_id].update(self.script[min(look, len(self.script) - 1)])
        return self.runs[run_id]

    def log_of(self, request: Request) -> tuple[int, str, str]:
        """Returns status, text and type of what is said of a pod's log.

        The server does not change the status where there is none; the UI does. It serves its page
        for all that it does not know.
        """
        by_server = re.fullmatch(_LOG, request.path)
        if not self.has_logs:
            raise Refused(404, 5, "Not Found")
        if by_server and self.is_ui:
            return 200, "<!doctype html><title>Kubeflow Pipelines</title>", "text/html"
        if not by_server and not self.is_ui:
            return 404, "404 page not found\n", "text/plain"
        run_id = by_server[1] if by_server else request.query["runid"]
        pod = by_server[2] if by_server else request.query["podname"]
        is_there = by_server or request.query.get("podnamespace", "") == self.namespace
        if is_there and run_id in self.runs and pod in self.logs:
            return 200, self.logs[pod], "text/plain"
        if not by_server:
            return 500, "Could not get main container logs: Error: no such pod", "text/html"
        why = f"Failed to read logs for run {run_id}: InternalServerError: pods {pod} not found"
        error = {"error_message": why, "error_details": f"{why}\nat line 1"}
        return 200, json.dumps(error), "text/plain"

    def create_recurring(self, request: Request) -> dict[str, Any]:
        check(request.body, "V2beta1RecurringRun", "recurring_run")
        self._check_experiment(request.body)
        reference = request.body["pipeline_version_reference"]
        version = self.versions.get(reference["pipeline_version_id"])
        if version is None or version["pipeline_id"] != reference["pipeline_id"]:
            raise Refused(404, 5, "ResourceNotFoundError: PipelineVersion")
        if not 1 <= int(request.body["max_concurrency"]) <= 10:
            raise Refused(400, 3, "The max concurrency of the recurring run must be in [1, 10]")
        if len(request.body["trigger"]["cron_schedule"]["cron"].split()) != 6:
            raise Refused(400, 3, "The cron schedule of the recurring run is invalid")
        spec = version["pipeline_spec"]
        values = request.body["runtime_config"].get("parameters", {})
        _check_parameters(spec.get("pipeline_spec", spec), values)
        made = {**request.body, "recurring_run_id": self.new_id("recurring"), "created_at": CREATED}
        made["status"] = "ENABLED" if made.get("mode") == "ENABLE" else "DISABLED"
        made.setdefault("service_account", "pipeline-runner")
        return self.recurring.setdefault(made["recurring_run_id"], made)

    def get_recurring(self, request: Request, one: str) -> dict[str, Any]:
        return self._recurring(one)

    def enable(self, request: Request, one: str) -> dict[str, Any]:
        self._recurring(one)["status"] = "ENABLED"
        return {}

    def disable(self, request: Request, one: str) -> dict[str, Any]:
        self._recurring(one)["status"] = "DISABLED"
        return {}

    def delete_recurring(self, request: Request, one: str) -> dict[str, Any]:
        self._recurring(one)
        del self.recurring[one]
        # Kubernetes deletes what it owned with it; a policy in the query is not read.
        self.runs = {i: r for i, r in self.runs.items() if r.get("recurring_run_id") != one}
        return {}

    def get_version(self, request: Request, pipeline: str, version: str) -> dict[str, Any]:
        if version not in self.versions:
            raise Refused(404, 5, f"ResourceNotFoundError: PipelineVersion {version} not found")
        return self.versions[version]

    def list_of(self, request: Request, kind: str) -> dict[str, Any]:
        entries = getattr(self, {"recurringruns": "recurring"}.get(kind, kind)).values()
        if "experiment_id" not in request.query:
            self._check_namespace(request.query.get("namespace", ""))
        experiment = request.query.get("experiment_id")
        found = [one for one in entries if experiment in (None, one.get("experiment_id"))]
        return self._page(request, found, {"recurringruns": "recurringRuns"}.get(kind, kind))

    def list_versions(self, request: Request, pipeline: str) -> dict[str, Any]:
        found = [one for one in self.versions.values() if one["pipeline_id"] == pipeline]
        return self._page(request, found, "pipeline_versions")

    # --- helpers ---

    def _page(self, request: Request, found: list[Any], field: str) -> dict[str, Any]:
        known = {"filter", "page_size", "page_token", "sort_by", "namespace", "experiment_id"}
        if request.query.keys() - known:
            raise Refused(400, 3, f"unknown query {sorted(request.query)}")
        if text := request.query.get("filter"):
            for predicate in _predicates(text):
                key, value = predicate["key"], predicate["string_value"]
                if key in ("recurring_run_id", "experiment_id"):  # taken, but no column's name
                    raise Refused(500, 13, f"Internal Server Error: no such column: {key}")
                is_wanted = predicate["operation"] == "EQUALS"
                found = [one for one in found if (one.get(key) == value) is is_wanted]
        if request.query.get("sort_by", "").endswith(" desc"):
            found = found[::-1]
        size = min(int(request.query.get("page_size") or 20), self.page_size)
        start = int(request.query.get("page_token") or 0)
        rest = {"next_page_token": str(start + size)} if start + size < len(found) else {}
        page = found[start : start + size]
        # An empty list is left out, as protobuf does.
        return {**({field: page} if page else {}), "total_size": len(found), **rest}

    def _recurring(self, one: str) -> dict[str, Any]:
        if one not in self.recurring:
            raise Refused(404, 5, f"ResourceNotFoundError: RecurringRun {one} not found")
        return self.recurring[one]

    def _check_experiment(self, body: dict[str, Any]) -> None:
        if body["experiment_id"] not in self.experiments:
            raise Refused(404, 5, "ResourceNotFoundError: Experiment not found")

    def _check_namespace(self, namespace: str) -> None:
        if self.namespace and namespace != self.namespace:
            raise Refused(
                403,
                7,
                "PermissionDenied: User 'ada' is not authorized with reason: (request: "
                f"&ResourceAttributes{{Namespace:{namespace},Verb:list,}})",
            )


def _predicates(text: str) -> list[dict[str, Any]]:
    """Returns the predicates of a filter; Kubeflow's client writes them in protobuf's other way."""
    told = json.loads(text)
    for predicate in told["predicates"]:
        if "stringValue" in predicate:
            predicate["string_value"] = predicate.pop("stringValue")
        if predicate["operation"] == 1:
            predicate["operation"] = "EQUALS"
    check(told, "V2beta1Filter", "filter")
    return list(told["predicates"])


def _check_spec(spec: dict[str, Any]) -> None:
    if not str(spec.get("schemaVersion", "")).startswith("2.1"):
        raise Refused(
            400,
            3,
            "Failed to create a new run: InvalidInputError: KFP only supports schema version "
            f"2.1.0,\n but the pipeline spec has version {spec.get('schemaVersion')}",
        )


def _check_parameters(spec: dict[str, Any], values: dict[str, Any]) -> None:
    inputs = spec["root"].get("inputDefinitions", {}).get("parameters", {})
    for name, definition in inputs.items():
        if name not in values:
            if "defaultValue" not in definition:
                raise Refused(400, 3, f"parameter {name} is not optional, yet has neither default")
        elif type(values[name]) not in _JSON_TYPES[definition["parameterType"]]:
            raise Refused(400, 3, f"input parameter {name} requires another type")
    if unknown := values.keys() - inputs.keys():
        raise Refused(400, 3, f"parameters {sorted(unknown)} are not required by the pipeline")


_ID = "([^/:]+)"
_LOG_OF_UI = "/k8s/pod/logs"
_LOG = "/apis/v1alpha1/runs/([^/]+)/nodes/([^/]+)/log"
_ROUTES = [
    ("GET", "/healthz", ApiServer.health, "V2beta1GetHealthzResponse"),
    ("POST", "/experiments", ApiServer.create_experiment, "V2beta1Experiment"),
    ("GET", "/(experiments)", ApiServer.list_of, "V2beta1ListExperimentsResponse"),
    ("GET", f"/experiments/{_ID}", ApiServer.get_experiment, "V2beta1Experiment"),
    ("POST", "/runs", ApiServer.create_run, "V2beta1Run"),
    ("GET", "/(runs)", ApiServer.list_of, "V2beta1ListRunsResponse"),
    ("GET", f"/runs/{_ID}", ApiServer.get_run, "V2beta1Run"),
    ("POST", "/recurringruns", ApiServer.create_recurring, "V2beta1RecurringRun"),
    ("GET", "/(recurringruns)", ApiServer.list_of, "V2beta1ListRecurringRunsResponse"),
    ("GET", f"/recurringruns/{_ID}", ApiServer.get_recurring, "V2beta1RecurringRun"),
    ("POST", f"/recurringruns/{_ID}:enable", ApiServer.enable, ""),
    ("POST", f"/recurringruns/{_ID}:disable", ApiServer.disable, ""),
    ("DELETE", f"/recurringruns/{_ID}", ApiServer.delete_recurring, ""),
    ("POST", "/pipelines", ApiServer.create_pipeline, "V2beta1Pipeline"),
    ("GET", "/(pipelines)", ApiServer.list_of, "V2beta1ListPipelinesResponse"),
    ("POST", "/pipelines/upload_version", ApiServer.upload_version, "V2beta1PipelineVersion"),
    (
        "GET",
        f"/pipelines/{_ID}/versions",
        ApiServer.list_versions,
        "V2beta1ListPipelineVersionsResponse",
    ),
    (
        "GET",
        f"/pipelines/{_ID}/versions/{_ID}",
        ApiServer.get_version,
        "V2beta1PipelineVersion",
    ),
]


def _is_log(path: str) -> bool:
    return path == _LOG_OF_UI or re.fullmatch(_LOG, path) is not None


class _Handler(http.server.BaseHTTPRequestHandler):
    server: ApiServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._serve()

    do_POST = do_DELETE = do_GET  # noqa: N815

    def log_message(self, *arguments: object) -> None:
        pass

    def _serve(self) -> None:
        try:
            request = self._request()
            fault = self.server.take_fault(request.method, request.path)
            if fault and self._fails(fault):
                return
            if _is_log(request.path):
                self._send(*self.server.log_of(request))
                return
            answer, _ = self.server.answer(request)
            if fault and fault.kind == "lost":
                self._reset()
            elif fault and fault.kind == "late":
                time.sleep(fault.seconds)
            else:
                self._send(200, json.dumps(answer))
        except Refused as error:
            if "/pipelines/upload" in self.path and error.status != 401:
                # Uploads are no part of the gateway: their handler has its own ways.
                told = {"error_message": str(error), "error_details": f"{error}\nat line 1"}
                self._send(500, json.dumps(told), "text/plain")
            else:
                self._refuse(error.status, error.code, str(error))

    def _request(self) -> Request:
        parts = urllib.parse.urlsplit(self.path)
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = parts.path.removeprefix("/apis/v2beta1")
        query = dict(urllib.parse.parse_qsl(parts.query))
        request = Request(self.command, path, query, dict(self.headers), self._body(data))
        with self.server.lock:
            self.server.requests.append(request)
        if not (parts.path.startswith("/apis/v2beta1/") or _is_log(parts.path)):
            raise Refused(404, 5, "Not Found")
        token = self.server.token
        if token and self.headers.get("Authorization") != f"Bearer {token}":
            raise Refused(
                401, 16, "Unauthenticated: Request header error: there is no user identity header."
            )
        return request

    def _body(self, data: bytes) -> Any:
        kind = self.headers.get("Content-Type", "")
        if not kind.startswith("multipart/form-data"):
            return json.loads(data) if data else None
        head = f"Content-Type: {kind}\r\n\r\n".encode()
        message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + data)
        (part,) = message.iter_parts()
        if part.get_param("name", header="content-disposition") != "uploadfile":
            raise Refused(400, 3, "Failed to read the file: no uploadfile")
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        return content.decode()

    def _fails(self, fault: Fault) -> bool:
        """Answers as a fault says; False where the request is carried out nevertheless."""
        if fault.kind == "html":
            self._send(200, "<!doctype html><title>Central Dashboard</title>", "text/html")
        elif fault.kind == "login":
            self._send(302, "", "text/html", Location="/dex/auth?client_id=kubeflow")
        elif fault.kind == "slow":
            time.sleep(fault.seconds)
        elif fault.kind == "reset":
            self._reset()
        elif fault.kind.isdecimal():
            self._refuse(int(fault.kind), 13, fault.message)
        return fault.kind not in ("lost", "late")

    def _refuse(self, status: int, code: int, message: str) -> None:
        self._send(status, json.dumps({"code": code, "message": message, "error": message}))

    def _reset(self) -> None:
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.wfile = self.rfile = open("/dev/null", "r+b")  # noqa: SIM115, PTH123

    def _send(self, status: int, text: str, kind: str = "application/json", **headers: str) -> None:
        data = text.encode()
        with contextlib.suppress(OSError):  # the client may have gone
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)


@contextlib.contextmanager
def running() -> Iterator[ApiServer]:
    """Runs a stand-in for as long as the block takes."""
    server = ApiServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
