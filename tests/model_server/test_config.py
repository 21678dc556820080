import pytest
from google.protobuf import text_format

from model_server import config, config_protos
from model_server.status import Code, StatusError


def parsed(text):
    return text_format.Parse(text, config.ModelServerConfig())


def models(*entries):
    return parsed("model_config_list { " + " ".join(entries) + " }")


def model(name="m", base_path="/models/m", platform="tensorflow"):
    return f'config {{ name: "{name}" base_path: "{base_path}" model_platform: "{platform}" }}'


NOTHING = config.ModelServerConfig()


def refusal(new, current=NOTHING):
    with pytest.raises(StatusError) as caught:
        config.validate(new, current)
    assert caught.value.code is Code.INVALID_ARGUMENT
    return caught.value.message


def test_a_config_file_is_read(tmp_path):
    path = tmp_path / "models.config"
    path.write_text(
        """# two models
        model_config_list {
          config {
            name: "a" base_path: "/a" model_platform: "tensorflow"
            model_version_policy { specific { versions: 3 versions: 5 } }
            version_labels { key: "stable" value: 3 }
            logging_config {
              log_collector_config { type: "" filename_prefix: "/logs/a" }
              sampling_config { sampling_rate: 0.5 }
            }
          }
          config { name: "b" base_path: "gs://bucket/b" model_type: TENSORFLOW }
        }"""
    )
    read = config.read(str(path))
    a, b = read.model_config_list.config
    assert list(a.model_version_policy.specific.versions) == [3, 5]
    assert dict(a.version_labels) == {"stable": 3}
    assert a.logging_config.log_collector_config.filename_prefix == "/logs/a"
    assert a.logging_config.sampling_config.sampling_rate == 0.5
    assert (b.name, config.platform(b)) == ("b", "tensorflow")
    config.validate(read, NOTHING)


def test_the_flags_of_one_model_are_a_config_too():
    made = config.single("half", "/models/half")
    assert made == models(model("half", "/models/half"))
    config.validate(made, NOTHING)


@pytest.mark.parametrize("text", ["model_config_list { junk: 1 }", "{", "model_config_list {"])
def test_what_is_no_config_is_refused_with_its_name(tmp_path, text):
    path = tmp_path / "models.config"
    path.write_text(text)
    with pytest.raises(StatusError) as caught:
        config.read(str(path))
    assert caught.value.code is Code.INVALID_ARGUMENT
    assert "Error parsing text-format tensorflow.serving.ModelServerConfig: " in str(caught.value)
    assert f"Invalid protobuf file: '{path}'" in str(caught.value)


def test_a_config_that_is_not_there_or_no_text_is_refused(tmp_path):
    with pytest.raises(StatusError, match=r"NOT_FOUND: .*; No such file or directory"):
        config.read(str(tmp_path / "none"))
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(StatusError, match=r"INVALID_ARGUMENT: Invalid protobuf file: '.*/binary'"):
        config.read(str(tmp_path / "binary"))
    with pytest.raises(StatusError, match=r"UNKNOWN: .*; Is a directory"):
        config.read(str(tmp_path))


def test_two_models_of_one_name_are_refused():
    text = refusal(models(model(), model()))
    assert text == "Illegal to list model m multiple times in config list"


@pytest.mark.parametrize("path", ["models/m", "", "./m"])
def test_a_relative_base_path_is_refused(path):
    text = refusal(models(model(base_path=path)))
    assert text == (f"Expected model m to have an absolute path or URI; got base_path()={path}")


@pytest.mark.parametrize("path", ["/m", "gs://bucket/m", "s3://bucket/m"])
def test_absolute_paths_and_uris_are_taken(path):
    config.validate(models(model(base_path=path)), NOTHING)


def test_a_model_keeps_its_platform():
    text = refusal(models(model(platform="other")), models(model()))
    assert text == (
        "Illegal to change a model's platform. For model m platform was tensorflow and new "
        "platform requested is other"
    )


def test_a_model_must_have_one_platform_that_can_be_served():
    assert refusal(models('config { name: "m" base_path: "/m" }')) == (
        "Illegal setting neither ModelServerConfig::model_type (deprecated) nor "
        "ModelServerConfig::model_platform, model name is m"
    )
    both = 'config { name: "m" base_path: "/m" model_type: TENSORFLOW model_platform: "x" }'
    assert "Illegal setting both" in refusal(models(both))
    assert refusal(models(model(platform="jax"))) == "Model m requests unsupported platform jax"
    other = 'config { name: "m" base_path: "/m" model_type: OTHER }'
    assert refusal(models(other)) == "Model m requests unsupported platform other"


def test_an_empty_list_is_a_config():
    config.validate(parsed("model_config_list {}"), models(model()))


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (
            config_protos.BatchingParameters,
            """max_batch_size { value: 128 } batch_timeout_micros { value: 500 }
            max_enqueued_batches { value: 100 } num_batch_threads { value: 8 }
            thread_pool_name { value: "pool" } allowed_batch_sizes: 1 allowed_batch_sizes: 128
            pad_variable_length_inputs: true enable_large_batch_splitting { value: true }
            max_execution_batch_size { value: 64 }""",
        ),
        (
            config_protos.MonitoringConfig,
            'prometheus_config { enable: true path: "/monitoring/prometheus/metrics" }',
        ),
        (
            config_protos.SSLConfig,
            'server_key: "k" server_cert: "c" custom_ca: "a" client_verify: true',
        ),
    ],
)
def test_the_other_config_files_are_read_in_full(tmp_path, kind, text):
    path = tmp_path / "file"
    path.write_text(text)
    read = config_protos.read(str(path), kind)
    assert "".join(text_format.MessageToString(read).split()) == "".join(text.split())
    path.write_text("no_such_field: 1")
    with pytest.raises(StatusError, match=f"Error parsing text-format {kind.DESCRIPTOR.full_name}"):
        config_protos.read(str(path), kind)
