// Package ci contains only a test. It plays the CI of somebody else's project: a Node server and a
// Node client (testdata/project), a workflow that judges them with this repository's action, and a
// baseline of known failures. The steps of the action run as GitHub's runner would run them; what
// they leave is read by go-junit, a reader of JUnit files that others use.
//
// Somebody else follows the README of the conformance suite to the letter: its programs, commands
// and workflows are run.
package ci
