package conn

// transition is one cell of the table.
type transition struct {
	to State
	do Action
}

// transitions is the whole life of a connection: state × event → state, action.
// A cell that is absent is an event that cannot happen there, because the owner
// does not read (ClosedByPeer), does not parse (Failed, Acknowledged), or has
// already sent its only Close frame.
var transitions = [numStates]map[Event]transition{
	Open: {
		SendClose:    {ClosedByUs, AwaitClose},
		ReceiveClose: {ClosedByPeer, SendReply},
		Violate:      {Failed, SendFailure},
		EndOfStream:  {Terminated, Drop},
		BreakWrite:   {Cut, ReadOut},
		Break:        {Terminated, Drop},
		Expire:       {Terminated, Drop},
		Abandon:      {Terminated, Drop},
	},
	ClosedByUs: {
		ReceiveClose: {Acknowledged, EndTransport},
		// RFC 6455 §5.5.1: our Close frame is out, a second one must not follow.
		Violate:     {Failed, EndTransport},
		EndOfStream: {Terminated, Drop},
		BreakWrite:  {Cut, ReadOut},
		Break:       {Terminated, Drop},
		Expire:      {Terminated, Drop},
		Abandon:     {Terminated, Drop},
	},
	ClosedByPeer: {
		SendClose:   {Acknowledged, EndTransport},
		EndOfStream: {ClosedByPeer, Nothing}, // half-closed: our reply can still arrive
		BreakWrite:  {Terminated, Drop},
		Break:       {Terminated, Drop},
		Expire:      {Terminated, Drop},
		Abandon:     {Terminated, Drop},
	},
	Acknowledged: {
		EndOfStream: {Terminated, Drop},
		BreakWrite:  {Terminated, Drop},
		Break:       {Terminated, Drop},
		Expire:      {Terminated, Drop},
		Abandon:     {Acknowledged, Nothing}, // it ends by itself, within its deadline
	},
	Failed: {
		SendClose:   {Failed, EndTransport},
		EndOfStream: {Terminated, Drop},
		BreakWrite:  {Terminated, Drop},
		Break:       {Terminated, Drop},
		Expire:      {Terminated, Drop},
		Abandon:     {Failed, Nothing}, // it ends by itself, within its deadline
	},
	Cut: {
		ReceiveClose: {Terminated, Drop},
		Violate:      {Terminated, Drop},
		EndOfStream:  {Terminated, Drop},
		BreakWrite:   {Cut, Nothing}, // the next writer meets the same broken transport
		Break:        {Terminated, Drop},
		Expire:       {Terminated, Drop},
		Abandon:      {Terminated, Drop},
	},
	Terminated: {},
}

// Next looks up what an event does in a state. ok is false, and the state stays
// as it is, when the event has no meaning there.
func Next(s State, e Event) (to State, do Action, ok bool) {
	t, ok := transitions[s][e]
	if !ok {
		return s, Nothing, false
	}
	return t.to, t.do, true
}
