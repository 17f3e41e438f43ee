// Caddy with what the tests need of it: HTTP/2 and HTTP/3 in front, and a reverse proxy. It is a
// module of its own, because it needs ten times as many others as the tests do.
package main

import (
	caddycmd "github.com/caddyserver/caddy/v2/cmd"

	_ "github.com/caddyserver/caddy/v2/modules/caddyhttp"
	_ "github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"
	_ "github.com/caddyserver/caddy/v2/modules/caddytls"
)

func main() { caddycmd.Main() }
