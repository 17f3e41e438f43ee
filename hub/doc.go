// Package hub broadcasts messages to many connections without waiting for any of them. It uses
// only exported functions of package websocket.
//
// A broadcast offers its message to the connections in turn, on the caller's goroutine. Where
// the socket has room, nothing else happens. A connection that has not taken the message gets a
// queue. Usually a goroutine drains it until it is empty. A connection on a [websocket.Loop] is
// blocked instead, without a goroutine: when its socket has room, the loop drains the queue.
//
//	                      does not take a message
//	          ┌────────────────────────────────────────────┐
//	          │                                            ▼      full
//	Add ──▶ idle ◀───────── the queue is empty ──────── draining ──────▶ blocked
//	          │                                          ▲ │ ▲ ◀──────── │
//	          │ Remove, or the end          Add, before  │ │ │    room    │
//	          │                          it is written   │ │ Remove       │
//	          ▼                                          │ ▼              │
//	        gone ◀──── its last message is written ──── leaving           │
//	          ▲                                                           │
//	          └──────────────────────── Remove ───────────────────────────┘
//
// An idle connection has no queue and no goroutine. Messages are offered only to idle
// connections, so none overtakes a message that waits.
package hub
