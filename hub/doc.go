// Package hub sends messages to many connections at once: one to many, without waiting
// for any of them. It is built on what package websocket exports.
//
// A broadcast offers its message to the connections in turn, on the goroutine that
// broadcasts. Where the socket has room, that is all. A connection that has not taken the
// message becomes a queue with a goroutine that drains it, until the queue is empty:
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
// An idle connection has no queue, and nothing else here has a goroutine. A message is
// offered to idle connections only, so none goes past one that waits.
package hub
