module github.com/coder/websocket

go 1.26.0

require github.com/hawser-ws/websocket v0.1.0

require (
	golang.org/x/net v0.62.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/text v0.43.0 // indirect
)

replace github.com/hawser-ws/websocket => ../..
