module github.com/hawser-ws/websocket/compat/check

go 1.26.0

require (
	github.com/coder/websocket v1.8.15
	github.com/gorilla/websocket v1.5.0
	golang.org/x/exp v0.0.0-20261113113407-e3970619a1a4
	golang.org/x/mod v0.42.0
	gorilla.example/latest v1.5.4-0.20250319132907-e064f32e3674
	gorilla.example/stable v1.5.3
	nhooyr.io/websocket v1.8.17
)

require (
	github.com/hawser-ws/websocket v0.1.0 // indirect
	golang.org/x/net v0.62.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/text v0.43.0 // indirect
	golang.org/x/tools v0.52.1-0.20261106145633-d407941a339a // indirect
)

// What is judged: the drop-ins and the library, as they are here.
replace (
	github.com/coder/websocket => ../coder
	github.com/gorilla/websocket => ../gorilla
	github.com/hawser-ws/websocket => ../..
	nhooyr.io/websocket => ../nhooyr
)

// What it is compared with: gorilla itself, under names that leave its own to the drop-in.
replace (
	gorilla.example/latest => github.com/gorilla/websocket v1.5.4-0.20250319132907-e064f32e3674
	gorilla.example/stable => github.com/gorilla/websocket v1.5.3
)
