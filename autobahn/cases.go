package autobahn

import (
	"github.com/hawser-ws/websocket/autobahn/internal/cases"
	"github.com/hawser-ws/websocket/autobahn/internal/play"
	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
)

type Role = verdict.Role

const (
	Server = verdict.Server
	Client = verdict.Client
)

type Case = play.Case

func Cases(judged Role) []*Case { return cases.Cases(judged) }

const Original = cases.Original
const Quick = cases.Quick

func Select(judged Role, patterns, exclude string) ([]*Case, error) {
	return cases.Select(judged, patterns, exclude)
}

type PatternError = cases.PatternError

func Title(id string) string { return cases.Title(id) }
