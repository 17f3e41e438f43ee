package main

import (
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

// rewrite returns the command that writes the baseline anew. Values of -H may be secret.
func (f *conformFlags) rewrite() string {
	words := []string{"ws conform"}
	secret := false
	for _, arg := range f.args {
		name, value, joined := strings.Cut(arg, "=")
		flag := strings.TrimLeft(name, "-")
		switch {
		case secret:
			field, _, _ := strings.Cut(arg, ":")
			arg, secret = field+": …", false
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

// shellWord quotes an argument for a shell if it needs that.
func shellWord(s string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=+:,./@%"
	if s != "" && strings.Trim(s, plain) == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
