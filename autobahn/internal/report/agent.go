package report

import (
	"time"

	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
)

// An Agent is a peer with its results.
type Agent struct {
	Name, URL string
	Took      time.Duration
	Stopped   string // why the run ended early, or ""
	Results   []*verdict.Result
}
