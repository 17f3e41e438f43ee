package autobahn

import "github.com/hawser-ws/websocket/autobahn/internal/verdict"

// A Verdict says how a peer did in a case, in the words of Autobahn|Testsuite. Its method
// Passed reports whether it needs no attention: whether it is OK or INFORMATIONAL.
type Verdict = verdict.Verdict

const (
	OK            Verdict = verdict.OK            // as the RFC requires
	NonStrict     Verdict = verdict.NonStrict     // allowed, but against a SHOULD or good practice
	Informational Verdict = verdict.Informational // the RFC leaves it open; the result says what happened
	Unimplemented Verdict = verdict.Unimplemented // the peer did not agree to the case's extension
	Failed        Verdict = verdict.Failed        // forbidden by the RFC

	// Only for the end of the connection (Result.BehaviorClose).
	WrongCode      Verdict = verdict.WrongCode      // the peer's Close frame has an unexpected code
	Unclean        Verdict = verdict.Unclean        // no closing handshake, or TCP was not closed after it
	FailedByClient Verdict = verdict.FailedByClient // the server left the end of the TCP connection to the client
)

// Verdicts returns all verdicts, worst first.
func Verdicts() []Verdict { return verdict.Verdicts() }

// A Result is everything known about one case played with one peer. Its JSON is that of the
// original. Its method Worst returns the worse of its two verdicts. Its fields:
//
// The case: ID, Case (its number: in a fuzzing server the first is 1, otherwise that of the
// catalog), Description, Expectation and Sentence (the requirement in the words of the RFC; only
// in chapter 20), Agent (the peer's name), IsServer (the suite is the server), Started, Duration
// (milliseconds).
//
// The verdicts: Behavior and Result (on the subject of the case, and why), BehaviorClose and
// ResultClose (on the end of the connection), BesideOthers (the worst verdict on an earlier,
// failed play while other cases ran; this result is from a play alone, and counts).
//
// What came: Expected (by verdict) and Received, lists of [Event]; ExpectedClose.
//
// How the connection ended: LocalCloseCode and LocalCloseReason, RemoteCloseCode and
// RemoteCloseReason (nil if there was none), WasClean and WhyNotClean, ClosedByMe (the suite sent
// the first Close frame), FailedByMe, DroppedByMe (the suite ended TCP), OpenTimeout,
// CloseTimeout and DropTimeout.
//
// What was on the wire: HTTPRequest and HTTPResponse; Wirelog, a list of [Entry], and Times (one
// for each Entry, in microseconds since the start of the TCP connection); RxFrameStats and
// TxFrameStats (frames by opcode), RxOctetStats and TxOctetStats (reads and writes by their
// bytes), TrafficStats (only with compression).
//
// What the original's report shows: CreateStats, CreateWirelog, ReportTime,
// ReportCompressionRatio.
type Result = verdict.Result

// An Event is something that a case waits for. Its field Kind is message, ping, pong, or
// timeout, which is that nothing happens until a timer expires. Payload is, for a timeout, its
// tag; Binary is for messages. Its JSON is a tuple, as the original writes it, with long
// payloads clipped.
type Event = verdict.Event

// ExpectedClose says how the connection must end. Codes are those allowed in the peer's Close
// frame; a frame without a code is always allowed. ByMe: the suite sends the first Close frame.
// RequireClean: closing handshake and end of TCP, both in order.
type ExpectedClose = verdict.ExpectedClose

// An Entry is a line of the wire log. Its JSON is a tuple that begins with its Kind, as the
// original writes it:
//
//	RO, TO       bytes read and written: Length, Data (the first of them), Sync (written
//	             separately, so that it is its own segment if TCP allows)
//	RF, TF       a frame read, and one queued for sending: Length and Data of its payload,
//	             Opcode, FIN, RSV, Masked, Key, Chop (bytes written at a time; 0 means all at
//	             once), Sync
//	WLM          entries are not logged from here on, or again (On)
//	CT, CTE      the case continues after Delay (seconds), with a Tag
//	KL, KLE      the connection is failed after Delay
//	TI, TIE      the connection is closed after Delay
type Entry = verdict.Entry

// Traffic counts the bytes of the data messages of a case with compression, received (Rx) and
// sent (Tx): RxApp and TxApp inflated, RxWS and TxWS compressed, RxWire and TxWire with frame
// headers; RxFrames and TxFrames, RxMsgs and TxMsgs; RxRatio and TxRatio are compressed /
// inflated, RxOverhead and TxOverhead headers / compressed.
type Traffic = verdict.Traffic
