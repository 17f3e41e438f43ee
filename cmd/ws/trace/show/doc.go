// Package show prints the results of package trace: as text in the order of a walk through a
// capture, as tables, as JSON, and as a page with a sequence diagram.
package show
