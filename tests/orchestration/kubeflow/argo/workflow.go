package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/kubeflow/pipelines/backend/src/apiserver/model"
	"github.com/kubeflow/pipelines/backend/src/apiserver/template"
	"github.com/kubeflow/pipelines/backend/src/common/util"
	"github.com/kubeflow/pipelines/kubernetes_platform/go/kubernetesplatform"
	"google.golang.org/protobuf/encoding/protojson"
	"sigs.k8s.io/yaml"
)

// Where the compiler puts what the driver of a task is told of Kubernetes.
const kubernetesAnnotation = "pipelines.kubeflow.org/kubernetes-"

// Returns the workflow, as YAML, that a run becomes: PipelineSpec and PlatformSpec in one file, and
// the run's parameters as a JSON object.
func workflowOf(document []byte, parameters string) ([]byte, error) {
	workflow, err := compile(document, parameters)
	if err != nil {
		return nil, err
	}
	if err := checkDriverConfigs(workflow); err != nil {
		return nil, err
	}
	if err := workflow.Validate(true, false); err != nil {
		return nil, fmt.Errorf("Argo refuses the workflow: %w", err)
	}
	return yaml.JSONToYAML([]byte(workflow.ToStringForStore()))
}

// The API server's own way: its reader of documents, its check of parameters, its compiler.
func compile(document []byte, parameters string) (util.ExecutionSpec, error) {
	pipeline, err := template.New(document)
	if err != nil {
		return nil, err
	}
	if !pipeline.IsV2() {
		return nil, errors.New("no pipeline of Kubeflow Pipelines v2")
	}
	submitted := &model.Run{DisplayName: "run"}
	submitted.PipelineSpec.RuntimeConfig.Parameters = parameters
	return pipeline.RunWorkflow(submitted, template.RunWorkflowOptions{RunId: "run-id"})
}

// The driver decodes these when a task starts, and fails on any field that it does not know.
func checkDriverConfigs(workflow util.ExecutionSpec) error {
	for name, text := range workflow.ExecutionObjectMeta().GetAnnotations() {
		if !strings.HasPrefix(name, kubernetesAnnotation) {
			continue
		}
		config := &kubernetesplatform.KubernetesExecutorConfig{}
		if err := protojson.Unmarshal([]byte(text), config); err != nil {
			return fmt.Errorf("the driver of %s would fail: %w",
				strings.TrimPrefix(name, kubernetesAnnotation), err)
		}
	}
	return nil
}
