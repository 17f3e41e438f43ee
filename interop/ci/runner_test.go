package ci

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

// A runner plays jobs of the workflow of a project, as far as they are this repository's action.
type runner struct {
	t      *testing.T
	dir    string // of the project
	action string // directory of the action
	temp   string
	runs   int
}

// A run is what a job left.
type run struct {
	log, summary string
	outputs      map[string]string
	code         int
	uploads      int
}

// The files that GitHub reads, as far as this runner does.
type (
	action struct {
		Inputs  map[string]struct{ Default string }
		Outputs map[string]struct{ Value string }
		Runs    struct {
			Using string
			Steps []step
		}
	}
	workflow struct {
		Jobs map[string]struct{ Steps []step }
	}
	step struct {
		ID, If, Run, Shell, Uses string
		Directory                string `yaml:"working-directory"`
		Env                      map[string]string
		With                     map[string]string
	}
)

func newRunner(t *testing.T, dir string) *runner {
	t.Helper()
	action, err := filepath.Abs("../../.github/actions/conform")
	if err != nil {
		t.Fatal(err)
	}
	return &runner{t: t, dir: dir, action: action, temp: t.TempDir()}
}

func (r *runner) read(file string, into any) {
	r.t.Helper()
	text, err := os.ReadFile(file)
	if err == nil {
		err = yaml.Unmarshal(text, into)
	}
	if err != nil {
		r.t.Fatalf("%s: %v", file, err)
	}
}

// inputs returns the inputs of the action in a job: those of the workflow, and defaults.
func (r *runner) inputs(job string, a *action) map[string]string {
	r.t.Helper()
	var w workflow
	r.read(filepath.Join(r.dir, ".github/workflows/conformance.yml"), &w)
	inputs := map[string]string{}
	for name, input := range a.Inputs {
		inputs[name] = input.Default
	}
	for _, s := range w.Jobs[job].Steps {
		if !strings.Contains(s.Uses, "/.github/actions/conform@") {
			continue
		}
		for name, value := range s.With {
			if _, ok := inputs[name]; !ok {
				r.t.Fatalf("the action has no input %q", name)
			}
			inputs[name] = value
		}
		return inputs
	}
	r.t.Fatalf("the job %q does not use the action", job)
	return nil
}

var expression = regexp.MustCompile(`\$\{\{ *([a-z._-]+) *\}\}`)

// expand fills in the expressions of a text.
func (r *runner) expand(text string, values map[string]string) string {
	r.t.Helper()
	text = expression.ReplaceAllStringFunc(text, func(e string) string {
		name := expression.FindStringSubmatch(e)[1]
		value, ok := values[name]
		if !ok {
			r.t.Fatalf("nothing is called %s", name)
		}
		return value
	})
	if strings.Contains(text, "${{") {
		r.t.Fatalf("this runner does not understand %s", text)
	}
	return text
}

// job runs the steps of the action in a job.
func (r *runner) job(ctx context.Context, name string) *run {
	r.t.Helper()
	var a action
	r.read(filepath.Join(r.action, "action.yml"), &a)
	if a.Runs.Using != "composite" {
		r.t.Fatalf("the action is %q", a.Runs.Using)
	}
	values := map[string]string{"github.action_path": r.action}
	inputs := r.inputs(name, &a)
	for name, value := range inputs {
		values["inputs."+name] = value
	}
	r.runs++
	output, summary := filepath.Join(r.temp, fmt.Sprint("output", r.runs)), filepath.Join(r.temp, fmt.Sprint("summary", r.runs))
	out := &run{outputs: map[string]string{}}
	for _, s := range a.Runs.Steps {
		if s.Uses != "" {
			if inputs["artifact"] != "" && inputs["report"] != "" { // the condition of the only such step
				out.uploads++
			}
			continue
		}
		if s.Shell != "bash" || s.If != "" {
			r.t.Fatalf("this runner does not understand the step %+v", s)
		}
		if expression.MatchString(s.Run) {
			r.t.Errorf("an input in the text of a script is code: %s", s.Run)
		}
		cmd := exec.CommandContext(ctx, "bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", s.Run)
		cmd.WaitDelay = 5 * time.Second
		cmd.Dir = filepath.Join(r.dir, r.expand(s.Directory, values))
		cmd.Env = append(os.Environ(), "GITHUB_ACTIONS=true", "RUNNER_TEMP="+r.temp, "GITHUB_OUTPUT="+output, "GITHUB_STEP_SUMMARY="+summary)
		for name, value := range s.Env {
			cmd.Env = append(cmd.Env, name+"="+r.expand(value, values))
		}
		log, err := cmd.CombinedOutput()
		out.log += string(log)
		out.code = cmd.ProcessState.ExitCode()
		if s.ID != "" {
			maps.Copy(values, readOutputs(r.t, output, s.ID))
		}
		if err != nil {
			break
		}
	}
	for name, o := range a.Outputs {
		out.outputs[name] = r.expand(o.Value, values)
	}
	text, err := os.ReadFile(summary)
	if err != nil && !os.IsNotExist(err) {
		r.t.Fatal(err)
	}
	out.summary = string(text)
	return out
}

// readOutputs reads the outputs of a step.
func readOutputs(t *testing.T, file, step string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]string{}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		values["steps."+step+".outputs."+name] = value
	}
	return values
}

func (r *run) want(t *testing.T, result string, code int) {
	t.Helper()
	if r.code != code || r.outputs["result"] != result || r.outputs["exit-code"] != fmt.Sprint(code) {
		t.Fatalf("exit code %d, %v, want %s\n%s", r.code, r.outputs, result, r.log)
	}
}

// has complains about what is missing in s.
func has(t *testing.T, s string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(s, part) {
			t.Errorf("there is no %q in\n%s", part, s)
		}
	}
}
