package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"

	"github.com/kubeflow/pipelines/api/v2alpha1/go/pipelinespec"
	"github.com/kubeflow/pipelines/backend/src/v2/expression"
	"google.golang.org/protobuf/encoding/protojson"
)

const longestLine = 1 << 20

// A task with a condition, as its driver has it: Input is an ExecutorInput as JSON.
type question struct {
	Condition string          `json:"condition"`
	Input     json.RawMessage `json:"input"`
}

// An answer says whether the task runs, or how its driver fails.
type answer struct {
	Runs  bool   `json:"runs"`
	Error string `json:"error,omitempty"`
}

// Answers questions, one a line, in their order.
func answerAll(questions io.Reader, answers io.Writer) error {
	evaluator, err := expression.New()
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(questions)
	lines.Buffer(nil, longestLine)
	written := json.NewEncoder(answers)
	for lines.Scan() {
		if err := written.Encode(answerOne(evaluator, lines.Bytes())); err != nil {
			return err
		}
	}
	return lines.Err()
}

func answerOne(evaluator *expression.Expr, line []byte) answer {
	var asked question
	if err := json.Unmarshal(line, &asked); err != nil {
		return answer{Error: fmt.Sprintf("no question: %v", err)}
	}
	input := &pipelinespec.ExecutorInput{}
	if err := protojson.Unmarshal(asked.Input, input); err != nil {
		return answer{Error: fmt.Sprintf("no ExecutorInput: %v", err)}
	}
	runs, err := evaluator.Condition(input, asked.Condition)
	if err != nil {
		return answer{Error: err.Error()}
	}
	return answer{Runs: runs}
}
