// An echo server on CivetWeb, which hands over frames: the program joins them, and
// refuses fragments in a wrong order.
#include <civetweb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct message {
	int opcode; // 0 between messages
	size_t length;
	char *data;
};

static void ready(struct mg_connection *connection, void *data) {
	mg_set_user_connection_data(connection, calloc(1, sizeof(struct message)));
}

static int refuse(struct mg_connection *connection) {
	mg_websocket_write(connection, MG_WEBSOCKET_OPCODE_CONNECTION_CLOSE, "\x03\xea", 2); // 1002
	return 0;
}

static int frame(struct mg_connection *connection, int bits, char *data, size_t length, void *unused) {
	struct message *m = mg_get_user_connection_data(connection);
	switch (bits & 0xf) {
	case MG_WEBSOCKET_OPCODE_TEXT:
	case MG_WEBSOCKET_OPCODE_BINARY:
		if (m->opcode)
			return refuse(connection);
		m->opcode = bits & 0xf;
		m->length = 0;
		// fall through
	case MG_WEBSOCKET_OPCODE_CONTINUATION:
		if (!m->opcode)
			return refuse(connection);
		m->data = realloc(m->data, m->length + length + 1);
		memcpy(m->data + m->length, data, length);
		m->length += length;
		if (!(bits & 0x80))
			return 1;
		int opcode = m->opcode;
		m->opcode = 0;
		return mg_websocket_write(connection, opcode, m->data, m->length) > 0;
	case MG_WEBSOCKET_OPCODE_CONNECTION_CLOSE:
		mg_websocket_write(connection, MG_WEBSOCKET_OPCODE_CONNECTION_CLOSE, data, length);
		return 0;
	}
	return 1; // the library answers Pings
}

static void closed(const struct mg_connection *connection, void *data) {
	struct message *m = mg_get_user_connection_data(connection);
	if (m)
		free(m->data);
	free(m);
}

int main(int n, char **args) {
	char address[64];
	snprintf(address, sizeof address, "%s:%s", args[1], args[2]);
	const char *options[] = {
		"listening_ports", address, "num_threads", "64", "tcp_nodelay", "1",
		"enable_websocket_ping_pong", "yes", "websocket_timeout_ms", "3600000", NULL,
	};
	sigset_t ending;
	sigemptyset(&ending);
	sigaddset(&ending, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &ending, NULL);
	mg_init_library(MG_FEATURES_WEBSOCKET);
	struct mg_context *context = mg_start(NULL, NULL, options);
	if (!context)
		return 1;
	mg_set_websocket_handler(context, "**", NULL, ready, frame, closed, NULL);
	sigwait(&ending, &n);
	exit(0);
}
