package conn

// transition is one cell of the table.
type transition struct {
	to    State
	do    Action
	close effect
}

// transitions is the whole life of a connection: state × event → state, action, and
// what becomes of our Close frame. A cell that is absent is an event that cannot happen
// there, because the owner does not read (ClosedByPeer), does not parse (Failed,
// Acknowledged), or may not send that Close frame.
var transitions = [numStates]map[Event]transition{
	Open: {
		SendClose:    {ClosedByUs, AwaitClose, places},
		ReceiveClose: {ClosedByPeer, SendReply, keeps},
		Violate:      {Failed, SendFailure, keeps},
		Fail:         {Failed, SendFailure, keeps},
		EndOfStream:  {Terminated, Drop, keeps},
		BreakWrite:   {Cut, ReadOut, keeps},
		CutWrite:     {Cut, ReadOut, keeps},
		Break:        {Terminated, Drop, keeps},
		Expire:       {Terminated, Drop, keeps},
		GiveUp:       {Terminated, Drop, keeps},
		Abandon:      {Terminated, Drop, keeps},
	},
	ClosedByUs: {
		FlushClose:   {ClosedByUs, Nothing, flushes},
		ReceiveClose: {Acknowledged, EndTransport, keeps},
		// RFC 6455 §5.5.1: our Close frame is out, a second one must not follow.
		Violate:     {Failed, EndTransport, keeps},
		Fail:        {Failed, EndTransport, keeps},
		EndOfStream: {Terminated, Drop, keeps},
		BreakWrite:  {Cut, ReadOut, loses},
		CutWrite:    {Cut, ReadOut, loses},
		Break:       {Terminated, Drop, keeps},
		Expire:      {Terminated, Drop, loses},
		GiveUp:      {Terminated, Drop, loses},
		Abandon:     {Terminated, Drop, loses},
	},
	ClosedByPeer: {
		SendClose:   {Acknowledged, EndTransport, places},
		EndOfStream: {ClosedByPeer, Nothing, keeps}, // half-closed: our reply can still arrive
		BreakWrite:  {Terminated, Drop, keeps},
		CutWrite:    {Terminated, Drop, keeps},
		Break:       {Terminated, Drop, keeps},
		Expire:      {Terminated, Drop, keeps},
		GiveUp:      {Terminated, Drop, keeps},
		Abandon:     {Terminated, Drop, keeps},
	},
	Acknowledged: {
		FlushClose:  {Acknowledged, Nothing, flushes},
		EndOfStream: {Terminated, Drop, keeps},
		BreakWrite:  {Terminated, Drop, loses},
		CutWrite:    {Terminated, Drop, loses},
		Break:       {Terminated, Drop, keeps},
		Expire:      {Terminated, Drop, loses},
		GiveUp:      {Terminated, Drop, loses},
		Abandon:     {Acknowledged, Nothing, keeps}, // it ends by itself, within its deadline
	},
	Failed: {
		// The one Close frame is for the code of the violation, not the application's.
		AnswerViolation: {Failed, EndTransport, places},
		FlushClose:      {Failed, Nothing, flushes},
		EndOfStream:     {Terminated, Drop, keeps},
		BreakWrite:      {Terminated, Drop, loses},
		CutWrite:        {Terminated, Drop, loses},
		Break:           {Terminated, Drop, keeps},
		Expire:          {Terminated, Drop, loses},
		GiveUp:          {Terminated, Drop, loses},
		Abandon:         {Failed, Nothing, keeps}, // it ends by itself, within its deadline
	},
	Cut: {
		ReceiveClose: {Terminated, Drop, keeps},
		Violate:      {Terminated, Drop, keeps},
		Fail:         {Terminated, Drop, keeps},
		EndOfStream:  {Terminated, Drop, keeps},
		BreakWrite:   {Cut, Nothing, keeps}, // the next writer meets the same broken transport
		CutWrite:     {Cut, Nothing, keeps}, // the next writer meets the same broken transport
		Break:        {Terminated, Drop, keeps},
		Expire:       {Terminated, Drop, keeps},
		GiveUp:       {Terminated, Drop, keeps},
		Abandon:      {Terminated, Drop, keeps},
	},
	Terminated: {},
}
