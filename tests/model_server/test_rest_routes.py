"""Which call a path makes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_server.rest_routes import Route, SilentError, route
from model_server.status import Code, StatusError


@pytest.mark.parametrize(
    ("method", "path", "call"),
    [
        ("POST", "/v1/models/m:predict", Route("predict", "m")),
        ("POST", "/v1/models/m/versions/7:classify", Route("classify", "m", version=7)),
        ("POST", "/v1/models/m/labels/l:regress", Route("regress", "m", label="l")),
        ("POST", "/V1/Models/M/Versions/007:Predict", Route("predict", "M", version=7)),
        (
            "POST",
            "/v1/models/a%2Fb%3Ac/labels/%C3%A9:predict",
            Route("predict", "a/b:c", label="é"),
        ),
        ("POST", "/v1/models/a.b-c d:predict", Route("predict", "a.b-c d")),
        ("GET", "/v1/models/m", Route("status", "m")),
        ("GET", "/v1/models/m/versions/0", Route("status", "m", version=0)),
        ("GET", "/v1/models/m/labels/l", Route("status", "m", label="l")),
        ("GET", "/v1/models/m/metadata", Route("metadata", "m")),
        ("GET", "/v1/models/m/versions/7/METADATA", Route("metadata", "m", version=7)),
        ("GET", "/v1/models/m/labels/l/metadata", Route("metadata", "m", label="l")),
        ("GET", "/v1/models/metadata", Route("status", "metadata")),
        (
            "GET",
            "/v1/models/m/versions/9223372036854775807",
            Route("status", "m", version=2**63 - 1),
        ),
    ],
)
def test_calls(method, path, call):
    assert route(method, path) == call


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/models/m:predict"),
        ("POST", "/v1/models/m"),
        ("POST", "/v1/models/m:explain"),
        ("POST", "/v1/models/m:predict/"),
        ("POST", "/v1/models/:predict"),
        ("POST", "/v1/models/m/versions/7/labels/l:predict"),
        ("POST", "/v1/models/m/versions/:predict"),
        ("POST", "/v1/models/m/versions/-1:predict"),
        ("POST", "/v1/models/m/versions/\N{ARABIC-INDIC DIGIT ONE}:predict"),
        ("POST", "/v1/models/a/b:predict"),
        ("GET", "/v1/"),
        ("GET", "/v1/models/"),
        ("GET", "/v1/models/m/versions/7/more"),
        ("PUT", "/v1/models/m:predict"),
        ("DELETE", "/v1/models/m"),
        ("HEAD", "/v1/models/m"),
        ("OPTIONS", "/v1/models/m"),
    ],
)
def test_other_requests_are_malformed(method, path):
    with pytest.raises(StatusError) as caught:
        route(method, path)
    assert caught.value.code is Code.INVALID_ARGUMENT
    assert caught.value.message == f"Malformed request: {method} {path}"


@pytest.mark.parametrize("path", ["/", "/v2/models/m", "/v1", "/models/m", "", "*", "v1/models/m"])
def test_what_is_outside_the_api_is_not_found(path):
    with pytest.raises(StatusError) as caught:
        route("GET", path)
    assert caught.value.code is Code.NOT_FOUND


@pytest.mark.parametrize("path", ["/v1/models", "/v1/models/versions/3", "/v1/models/labels/l"])
def test_a_model_has_a_name(path):
    with pytest.raises(StatusError, match=r"Missing model name in request\.$"):
        route("GET", path)


@pytest.mark.parametrize("digits", ["9223372036854775808", "1" * 10_000])
def test_a_version_has_64_bits(digits):
    for method, path in [("POST", f"/v1/models/m/versions/{digits}:predict"),
                         ("GET", f"/v1/models/m/versions/{digits}")]:  # fmt: skip
        with pytest.raises(SilentError, match="Failed to convert version"):
            route(method, path)
    assert route("GET", f"/v1/models/m/versions/{'0' * 10_000}1").version == 1


@settings(deadline=None)
@given(
    st.sampled_from(["GET", "POST", "HEAD"]),
    st.text() | st.from_regex(r"/v1/models/[^/]*(/(versions|labels)/[^/]*)?(:predict|/metadata)?"),
)
def test_any_path_is_a_call_or_refused(method, path):
    try:
        call = route(method, path)
    except StatusError as refusal:
        error = refusal
    else:
        assert call.model
        return
    assert error.code in (Code.INVALID_ARGUMENT, Code.NOT_FOUND)
