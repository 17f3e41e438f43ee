package autobahn

import "github.com/hawser-ws/websocket/autobahn/internal/verdict"

type Verdict = verdict.Verdict

const (
	OK             = verdict.OK
	NonStrict      = verdict.NonStrict
	Informational  = verdict.Informational
	Unimplemented  = verdict.Unimplemented
	Failed         = verdict.Failed
	WrongCode      = verdict.WrongCode
	Unclean        = verdict.Unclean
	FailedByClient = verdict.FailedByClient
)

func Verdicts() []Verdict { return verdict.Verdicts() }

type Event = verdict.Event
type ExpectedClose = verdict.ExpectedClose
type Result = verdict.Result
type Entry = verdict.Entry
type Traffic = verdict.Traffic
