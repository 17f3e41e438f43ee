package main

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strings"
	"time"

	"github.com/hawser-ws/websocket/autobahn"
)

// The elements of a JUnit file, as Jenkins and GitLab read them: a suite for each role and agent,
// a test for each case. What is known to fail is skipped, so that a red test is always one that
// failed the run: a new failure, or one that has been mended and still is in the baseline.
type (
	junitFile struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Errors   int          `xml:"errors,attr"`
		Skipped  int          `xml:"skipped,attr"`
		Time     string       `xml:"time,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Errors   int         `xml:"errors,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Time     string      `xml:"time,attr"`
		Stamp    string      `xml:"timestamp,attr,omitempty"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Class   string       `xml:"classname,attr"`
		Name    string       `xml:"name,attr"`
		Time    string       `xml:"time,attr"`
		Skipped *junitSkip   `xml:"skipped"`
		Error   *junitReason `xml:"error"`
		Failure *junitReason `xml:"failure"`
		Out     string       `xml:"system-out,omitempty"`
	}
	junitSkip struct {
		Message string `xml:"message,attr"`
	}
	junitReason struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr"`
		Text    string `xml:",chardata"`
	}
)

// junit returns the file of -junit.
func (o *conclusion) junit() ([]byte, error) {
	file := junitFile{Name: "ws conform"}
	var took time.Duration
	for _, st := range standings(o.sides) {
		suite := o.junitSuite(st)
		file.Suites = append(file.Suites, suite)
		file.Tests += suite.Tests
		file.Failures += suite.Failures
		file.Errors += suite.Errors
		file.Skipped += suite.Skipped
		took += st.agent.Took
	}
	file.Time = seconds(took)
	var out bytes.Buffer
	out.WriteString(xml.Header)
	encoder := xml.NewEncoder(&out)
	encoder.Indent("", "  ")
	if err := encoder.Encode(file); err != nil {
		return nil, err
	}
	out.WriteString("\n")
	return out.Bytes(), nil
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.3f", d.Seconds()) }

func (o *conclusion) junitSuite(st *standing) junitSuite {
	suite := junitSuite{Name: visible(st.title(), false), Time: seconds(st.agent.Took)}
	for _, r := range st.agent.Results {
		c := o.junitCase(st, r)
		suite.Cases = append(suite.Cases, c)
		if c.Failure != nil {
			suite.Failures++
		}
		if c.Skipped != nil {
			suite.Skipped++
		}
		if stamp := r.Started.UTC().Format("2006-01-02T15:04:05"); suite.Stamp == "" || stamp < suite.Stamp {
			suite.Stamp = stamp
		}
	}
	if stopped := st.agent.Stopped; stopped != "" {
		suite.Errors++
		suite.Cases = append(suite.Cases, junitCase{
			Class: o.class(st, "The run"), Name: "all cases were played", Time: "0.000",
			Error: &junitReason{Message: visible(stopped, false), Type: "stopped"},
		})
	}
	suite.Tests = len(suite.Cases)
	return suite
}

func (o *conclusion) junitCase(st *standing, r *autobahn.Result) junitCase {
	chapter := chapterOf(r.ID)
	c := junitCase{
		Class: o.class(st, chapter+" "+autobahn.Title(chapter)), Name: r.ID,
		Time: seconds(time.Duration(r.Duration) * time.Millisecond),
	}
	switch st.novelty(r) {
	case isNew:
		c.Failure = &junitReason{verdictsOf(r).String() + ": " + came(r), string(r.Worst()), st.account(r)}
	case isMended:
		c.Failure = &junitReason{o.mendedText(st, r), "MENDED", st.account(r)}
	case isKnown:
		c.Skipped = &junitSkip{"known failure: " + verdictsOf(r).String() + ": " + came(r)}
	default:
		if r.Worst() != autobahn.OK {
			c.Out = string(r.Worst()) + ": " + visible(strings.TrimSpace(r.Result), false)
		}
	}
	return c
}

// class returns the class of a test. Jenkins takes what is before the last dot for a package. It
// must not change from run to run, so it has no name that a server gives itself.
func (o *conclusion) class(st *standing, chapter string) string {
	words := []string{st.role.String()}
	if name := o.flags.nameOf(st); name != anyAgent {
		words = append(words, strings.ReplaceAll(visible(name, false), ".", "_"))
	}
	return strings.Join(append(words, strings.ReplaceAll(chapter, ".", "_")), ".")
}
