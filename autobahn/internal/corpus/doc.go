// Package corpus has the data that the conformance suite sends compressed.
package corpus
