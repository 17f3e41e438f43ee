// An echo server and an echo client on libsoup 3.
//
//	echo server HOST PORT
//	echo client URL AGENT FROM TO
#include <libsoup/soup.h>
#include <stdlib.h>
#include <string.h>

static void echo(SoupWebsocketConnection *connection, SoupWebsocketDataType type, GBytes *message, gpointer data) {
	if (soup_websocket_connection_get_state(connection) == SOUP_WEBSOCKET_STATE_OPEN)
		soup_websocket_connection_send_message(connection, type, message);
}

static void serve(SoupWebsocketConnection *connection) {
	soup_websocket_connection_set_max_incoming_payload_size(connection, 64 << 20);
	g_signal_connect(connection, "message", G_CALLBACK(echo), NULL);
}

static void accepted(SoupServer *server, SoupServerMessage *request, const char *path,
                     SoupWebsocketConnection *connection, gpointer data) {
	serve(connection);
	g_object_ref(connection);
	g_signal_connect(connection, "closed", G_CALLBACK(g_object_unref), NULL);
}

static void connected(GObject *session, GAsyncResult *result, gpointer loop) {
	SoupWebsocketConnection *connection = soup_session_websocket_connect_finish(SOUP_SESSION(session), result, NULL);
	if (!connection) {
		g_main_loop_quit(loop);
		return;
	}
	serve(connection);
	g_signal_connect_swapped(connection, "closed", G_CALLBACK(g_main_loop_quit), loop);
}

static gboolean late(gpointer loop) {
	g_main_loop_quit(loop);
	return G_SOURCE_REMOVE;
}

static void play(SoupSession *session, GMainLoop *loop, const char *url, const char *agent, int number) {
	char *target = g_strdup_printf("%s/runCase?case=%d&agent=%s", url, number, agent);
	SoupMessage *request = soup_message_new("GET", target);
	guint timer = g_timeout_add_seconds(120, late, loop);
	soup_session_websocket_connect_async(session, request, NULL, NULL, G_PRIORITY_DEFAULT, NULL, connected, loop);
	g_main_loop_run(loop);
	g_source_remove(timer);
	g_object_unref(request);
	g_free(target);
}

int main(int n, char **args) {
	GMainLoop *loop = g_main_loop_new(NULL, FALSE);
	if (!strcmp(args[1], "client")) {
		SoupSession *session = soup_session_new();
		soup_session_add_feature_by_type(session, SOUP_TYPE_WEBSOCKET_EXTENSION_MANAGER);
		for (int number = atoi(args[4]); number <= atoi(args[5]); number++)
			play(session, loop, args[2], args[3], number);
		return 0;
	}
	GError *failed = NULL;
	SoupServer *server = soup_server_new(NULL, NULL);
	soup_server_add_websocket_handler(server, NULL, NULL, NULL, accepted, NULL, NULL);
	GSocketAddress *address = g_inet_socket_address_new_from_string(args[2], atoi(args[3]));
	if (!soup_server_listen(server, address, 0, &failed)) {
		g_printerr("%s\n", failed->message);
		return 1;
	}
	g_main_loop_run(loop);
}
