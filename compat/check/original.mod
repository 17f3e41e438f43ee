// The module with gorilla and coder themselves in place of the drop-ins:
//
//	go test -modfile=original.mod ./scenarios ./coder
module github.com/hawser-ws/websocket/compat/check

go 1.26.0

require (
	github.com/coder/websocket v1.8.15
	github.com/gorilla/websocket v1.5.3
)
