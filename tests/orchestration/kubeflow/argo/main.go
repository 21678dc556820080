// Command argo does with a compiled pipeline what Kubeflow Pipelines does, by its own code.
//
//	argo workflow PIPELINE.yaml PARAMETERS
//
// does what the API server does when a run is submitted: it reads the documents, checks them and
// what the run sets (PARAMETERS, a JSON object), compiles them into a workflow of Argo, and has Argo
// check that. It prints the workflow as YAML.
//
//	argo conditions
//
// does what drivers do with the conditions of tasks: it reads {"condition", "input"} from each line
// of its input, and prints {"runs"} or {"error"} for it.
package main

import (
	"errors"
	"fmt"
	"os"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 3 && args[0] == "workflow":
		document, err := os.ReadFile(args[1])
		if err != nil {
			return err
		}
		text, err := workflowOf(document, args[2])
		if err != nil {
			return err
		}
		_, err = os.Stdout.Write(text)
		return err
	case len(args) == 1 && args[0] == "conditions":
		return answerAll(os.Stdin, os.Stdout)
	default:
		return errors.New("usage: argo workflow PIPELINE.yaml PARAMETERS | argo conditions")
	}
}
