// The module with gorilla itself in place of the drop-in:
//
//	go test -modfile=original.mod ./scenarios
module github.com/hawser-ws/websocket/compat/check

go 1.26.0

require github.com/gorilla/websocket v1.5.3
