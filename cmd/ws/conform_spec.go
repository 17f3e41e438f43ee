package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/hawser-ws/websocket/autobahn"
)

// A spec is a specification file of Autobahn|Testsuite: fuzzingclient.json lists servers, and
// fuzzingserver.json has the url at which clients are served.
type spec struct {
	Servers           []specServer        `json:"servers"`
	URL               string              `json:"url"`
	Cert              string              `json:"cert"`
	Key               string              `json:"key"`
	OutDir            string              `json:"outdir"`
	Cases             []string            `json:"cases"`
	ExcludeCases      []string            `json:"exclude-cases"`
	ExcludeAgentCases map[string][]string `json:"exclude-agent-cases"`
	Options           map[string]any      `json:"options"`

	unused []string // what it says and this program has no use for
}

type specServer struct {
	Agent     string         `json:"agent"`
	URL       string         `json:"url"`
	Hostname  string         `json:"hostname"` // of its certificate, if it is not that of URL
	Origin    string         `json:"origin"`
	Protocols []string       `json:"protocols"`
	Options   map[string]any `json:"options"`
}

// fill sets what the server is asked with. What the command line says counts more.
func (s *specServer) fill(c *autobahn.FuzzingClient) {
	if s.Hostname != "" {
		c.TLS = c.TLS.Clone()
		c.TLS.ServerName = s.Hostname
	}
	if s.Origin != "" && c.Header.Get("Origin") == "" {
		c.Header = c.Header.Clone()
		c.Header.Set("Origin", s.Origin)
	}
	if len(c.Subprotocols) == 0 {
		c.Subprotocols = s.Protocols
	}
}

// readSpec reads a specification file.
func readSpec(file string) (*spec, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, &exitError{exitUsage, err.Error()}
	}
	s := &spec{}
	keys := map[string]json.RawMessage{}
	err = json.Unmarshal(text, s)
	if err == nil {
		err = json.Unmarshal(text, &keys)
	}
	switch {
	case err != nil:
		return nil, usageError(fmt.Sprintf("%s is not a specification of Autobahn|Testsuite: %v", file, err))
	case len(s.Servers) == 0 && s.URL == "":
		return nil, usageError(fmt.Sprintf("%s has neither servers to judge nor a url for clients", file))
	}
	for _, known := range []string{"servers", "url", "cert", "key", "outdir", "cases", "exclude-cases", "exclude-agent-cases", "options"} {
		delete(keys, known)
	}
	s.unused = slices.Collect(maps.Keys(keys))
	s.unuseOptions(s.Options)
	for _, server := range s.Servers {
		s.unuseOptions(server.Options)
	}
	s.Cases, s.ExcludeCases = s.known(s.Cases), s.known(s.ExcludeCases)
	slices.Sort(s.unused)
	s.unused = slices.Compact(s.unused)
	return s, nil
}

// unuseOptions adds those options to s.unused that ask for something else than what the suite
// does anyway: it speaks RFC 6455, which the original calls version 18, and it sends a Close
// frame before it drops TCP.
func (s *spec) unuseOptions(options map[string]any) {
	for name, value := range options {
		if name == "version" && (value == 18.0 || value == 13.0) || name == "failByDrop" && value == false {
			continue
		}
		s.unused = append(s.unused, "options."+name)
	}
}

// known returns the patterns that match a case. To the original, others are no mistake: many
// files have 8.*, which is a chapter that it does not have.
func (s *spec) known(patterns []string) (list []string) {
	for _, p := range patterns {
		_, noServer := autobahn.Select(autobahn.Server, p, "")
		_, noClient := autobahn.Select(autobahn.Client, p, "")
		odd := strings.Trim(p, "0123456789.*") != "" // [ and ? mean nothing there
		switch {
		case odd || noServer != nil && noClient != nil:
			s.unused = append(s.unused, "case "+p)
		case p == "*":
			list = append(list, autobahn.Original) // what it means there
		case strings.Contains(p, "*") && !strings.HasSuffix(p, "*"):
			list = append(list, p+"*") // there, 12.*.1 begins 12.1.10, too
		default:
			list = append(list, p)
		}
	}
	return list
}

// skip reports whether exclude-agent-cases spares an agent a case.
func (s *spec) skip(agent, id string) bool {
	for who, cases := range s.ExcludeAgentCases {
		if starred(who, agent) && slices.ContainsFunc(cases, func(p string) bool { return starred(p, id) }) {
			return true
		}
	}
	return false
}

// starred reports whether text matches a pattern, in which a star stands for anything.
func starred(pattern, text string) bool {
	quoted := strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, ".*")
	return regexp.MustCompile("^(?s:" + quoted + ")$").MatchString(text)
}

// applySpec reads the file of -spec. What the command line says counts more.
func (f *conformFlags) applySpec() error {
	s, err := readSpec(f.specFile)
	if err != nil {
		return err
	}
	if len(f.servers) == 0 && f.door.address == "" && f.testee == "" {
		for i, server := range s.Servers {
			f.servers = append(f.servers, target{name: server.Agent, url: server.URL, spec: &s.Servers[i]})
		}
		if len(s.Servers) == 0 {
			if err := f.door.openAs(s); err != nil {
				return err
			}
		}
	}
	if f.out == "" {
		f.outdir = s.OutDir
		if f.outdir == "" && f.door.address != "" {
			f.outdir = filepath.Join("reports", "clients")
		} else if f.outdir == "" {
			f.outdir = filepath.Join("reports", "servers")
		}
		f.out = f.outdir
	}
	if f.cases == "" && !f.quick {
		f.cases = strings.Join(s.Cases, ",")
		if f.cases == "" {
			return usageError(f.specFile + " selects no cases")
		}
	}
	if f.exclude == "" {
		f.exclude = strings.Join(s.ExcludeCases, ",")
	}
	f.skip = s.skip
	if len(s.unused) > 0 && !f.list {
		fmt.Fprintf(os.Stderr, "%s: not used: %s\n", f.specFile, visible(strings.Join(s.unused, ", "), false))
	}
	return nil
}

// openAs takes the address from a specification's url.
func (d *door) openAs(s *spec) error {
	u, err := url.Parse(s.URL)
	if err != nil || u.Host == "" || u.Scheme != "ws" && u.Scheme != "wss" {
		return usageError(fmt.Sprintf("url %q is not like ws://127.0.0.1:9001", s.URL))
	}
	d.address = u.Host
	switch {
	case u.Scheme == "ws" && u.Port() == "":
		d.address += ":80"
	case u.Scheme == "wss" && u.Port() == "":
		d.address += ":443"
	}
	if u.Scheme == "wss" {
		if s.Cert == "" || s.Key == "" {
			return usageError(fmt.Sprintf("url %q needs cert and key", s.URL))
		}
		d.cert, d.key = s.Cert, s.Key
	}
	return nil
}
