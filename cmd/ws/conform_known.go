package main

import (
	"os"
	"strings"
)

// readKnown reads the file of -baseline or -write-baseline.
func (f *conformFlags) readKnown() (err error) {
	switch {
	case f.writeBaseline != "":
		f.known, err = openBaseline(f.writeBaseline, true)
	case f.baseline != "":
		f.known, err = openBaseline(f.baseline, false)
	}
	return err
}

// nameOf returns the agent of a new line. A single server without a name is any agent, because the
// name that it gives itself changes with its version, and its port with the run.
func (f *conformFlags) nameOf(st *standing) string {
	if len(f.servers) == 1 && f.servers[0].name == "" {
		return anyAgent
	}
	return st.agent.Name
}

// rewrite returns the command that writes the baseline anew, for a person at another machine. Values
// of -H may be secret, and the summary of the job is a file that exists only there.
func (f *conformFlags) rewrite() string {
	words := []string{"ws conform"}
	secret := false
	for i, arg := range f.args {
		name, value, joined := strings.Cut(arg, "=")
		flag := strings.TrimLeft(name, "-")
		switch {
		case secret:
			field, _, _ := strings.Cut(arg, ":")
			arg, secret = field+": …", false
		case jobSummary(f.args, i), i > 0 && jobSummary(f.args, i-1) && arg == os.Getenv("GITHUB_STEP_SUMMARY"):
			continue
		case !strings.HasPrefix(arg, "-"):
		case flag == "baseline":
			arg = "-write-baseline"
			if joined {
				arg += "=" + value
			}
		case flag == "H" && joined:
			field, _, _ := strings.Cut(value, ":")
			arg = name + "=" + field + ": …"
		case flag == "H":
			secret = true
		}
		words = append(words, shellWord(arg))
	}
	return strings.Join(words, " ")
}

// jobSummary reports whether args[i] is the flag -markdown for the summary of a job.
func jobSummary(args []string, i int) bool {
	name, value, joined := strings.Cut(args[i], "=")
	if !joined && i+1 < len(args) {
		value = args[i+1]
	}
	return strings.HasPrefix(name, "-") && strings.TrimLeft(name, "-") == "markdown" && value != "" && value == os.Getenv("GITHUB_STEP_SUMMARY")
}

// shellWord quotes an argument for a shell if it needs that.
func shellWord(s string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=+:,./@%"
	if s != "" && strings.Trim(s, plain) == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
