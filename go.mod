module github.com/hawser-ws/websocket

go 1.26.0
