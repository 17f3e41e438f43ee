package websocket_test

// The streams that connections are tested over, besides wstest.NetPipe.
