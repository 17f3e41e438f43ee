// Package hub broadcasts messages to many connections without waiting for any of them. It uses
// only exported functions of package websocket.
//
// A broadcast offers its message to the connections in turn, on the caller's goroutine. Where
// the socket has room, nothing else happens. A connection that has not taken the message gets a
// queue, and a goroutine that drains it until it is empty:
//
//	                      does not take a message
//	          ┌────────────────────────────────────────────┐
//	          │                                            ▼
//	Add ──▶ idle ◀───────── the queue is empty ──────── draining ◀─┐
//	          │                                            │       │ Add, before the
//	          │ Remove, or the end                  Remove │       │ message is written
//	          ▼                                            ▼       │
//	        gone ◀──── its last message is written ───── leaving ──┘
//
// An idle connection has no queue and no goroutine. Messages are offered only to idle
// connections, so none overtakes a message that waits.
package hub
