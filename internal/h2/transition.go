package h2

// transitions is the whole life of a stream: state × event → state, verdict. A cell that is
// absent is what we may not send, or what cannot be received. The table does not know the
// role: who may open a stream is asked of its identifier (§5.1.1).
var transitions = [numStates][numEvents]transition{
	Idle: {
		SendHead:   {AwaitingHead, Accepted, nil},
		RecvHead:   {OwingHead, Accepted, nil},
		RecvData:   {Idle, BreaksConn, ruleIdle},
		RecvReset:  {Idle, BreaksConn, ruleIdle},
		RecvWindow: {Idle, BreaksConn, ruleIdle},
	},
	AwaitingHead: {
		// No DATA and no END_STREAM: RFC 8441 §5 has it wait for the response.
		SendReset:  {Reset, Accepted, nil},
		SendWindow: {AwaitingHead, Accepted, nil},
		RecvHead:   {Open, Accepted, nil},
		RecvInfo:   {AwaitingHead, Accepted, nil},
		RecvData:   {AwaitingHead, BreaksStream, ruleEarly},
		RecvReset:  {Closed, Accepted, nil},
		RecvWindow: {AwaitingHead, Accepted, nil},
	},
	OwingHead: {
		SendHead:   {Open, Accepted, nil},
		SendReset:  {Reset, Accepted, nil},
		SendWindow: {OwingHead, Accepted, nil},
		RecvHead:   {OwingHead, BreaksStream, ruleTrailers},
		RecvData:   {OwingHead, Accepted, nil},
		RecvEnd:    {OwingHeadAtEnd, Accepted, nil},
		RecvReset:  {Closed, Accepted, nil},
		RecvWindow: {OwingHead, Accepted, nil},
	},
	OwingHeadAtEnd: {
		SendHead:   {HalfClosedRemote, Accepted, nil},
		SendReset:  {Reset, Accepted, nil},
		RecvHead:   {OwingHeadAtEnd, BreaksStream, ruleAfterEnd},
		RecvData:   {OwingHeadAtEnd, BreaksStream, ruleAfterEnd},
		RecvReset:  {Closed, Accepted, nil},
		RecvWindow: {OwingHeadAtEnd, Accepted, nil},
	},
	Open: {
		SendData:   {Open, Accepted, nil},
		SendEnd:    {HalfClosedLocal, Accepted, nil},
		SendReset:  {Reset, Accepted, nil},
		SendWindow: {Open, Accepted, nil},
		RecvHead:   {Open, BreaksStream, ruleTrailers},
		RecvData:   {Open, Accepted, nil},
		RecvEnd:    {HalfClosedRemote, Accepted, nil},
		RecvReset:  {Closed, Accepted, nil},
		RecvWindow: {Open, Accepted, nil},
	},
	HalfClosedLocal: {
		SendReset:  {Reset, Accepted, nil},
		SendWindow: {HalfClosedLocal, Accepted, nil},
		RecvHead:   {HalfClosedLocal, BreaksStream, ruleTrailers},
		RecvData:   {HalfClosedLocal, Accepted, nil},
		RecvEnd:    {Closed, Accepted, nil},
		RecvReset:  {Closed, Accepted, nil},
		RecvWindow: {HalfClosedLocal, Ignored, nil}, // sent before our END_STREAM came
	},
	HalfClosedRemote: {
		SendData:   {HalfClosedRemote, Accepted, nil},
		SendEnd:    {Closed, Accepted, nil},
		SendReset:  {Reset, Accepted, nil},
		RecvHead:   {HalfClosedRemote, BreaksStream, ruleAfterEnd},
		RecvData:   {HalfClosedRemote, BreaksStream, ruleAfterEnd},
		RecvReset:  {Closed, Accepted, nil},
		RecvWindow: {HalfClosedRemote, Accepted, nil},
	},
	Closed: {
		RecvHead:   {Closed, BreaksConn, ruleOver},
		RecvData:   {Closed, BreaksConn, ruleOver},
		RecvReset:  {Closed, Ignored, nil}, // sent before our END_STREAM came
		RecvWindow: {Closed, Ignored, nil}, // sent before our END_STREAM came
	},
	Reset: {
		RecvHead:   {Reset, Ignored, nil},
		RecvData:   {Reset, Ignored, nil},
		RecvReset:  {Reset, Ignored, nil},
		RecvWindow: {Reset, Ignored, nil},
	},
}
