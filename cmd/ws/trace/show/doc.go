// Package show prints what package trace has found: as text in the order of a walk
// through a capture, as tables, as JSON, and as a page with a sequence diagram.
package show
