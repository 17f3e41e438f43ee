module github.com/hawser-ws/websocket/examples

go 1.26.0

require (
	github.com/fxamacker/cbor/v2 v2.10.0
	github.com/hawser-ws/websocket v0.0.0
)

require (
	github.com/x448/float16 v0.8.4 // indirect
	golang.org/x/net v0.62.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/text v0.43.0 // indirect
)

replace github.com/hawser-ws/websocket => ../
