// Package corpus is the data that the conformance suite sends compressed.
package corpus
