// An echo server and an echo client on libwebsockets.
//
//	echo server HOST PORT
//	echo client URL AGENT FROM TO
#include <libwebsockets.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

// A message that waits to be sent. The library wants LWS_PRE free bytes before it.
struct message {
	struct message *next;
	enum lws_write_protocol type;
	size_t length, room;
	unsigned char data[];
};

struct session {
	struct message *arriving;
	struct message *first, **last; // those that are complete
	// The library may still compress it: lws_write returns before the whole message is written,
	// and the next call for writing comes when it is.
	struct message *leaving;
};

static volatile sig_atomic_t ended;

static void end(int signal) { ended = 1; }

static int append(struct session *s, struct lws *wsi, const void *in, size_t length) {
	struct message *m = s->arriving;
	size_t had = m ? m->length : 0;
	if (!m || had + length > m->room) {
		size_t room = (had + length) * 2;
		if (!(m = realloc(m, sizeof *m + LWS_PRE + room)))
			return -1;
		m->room = room;
	}
	if (!s->arriving) {
		m->next = NULL;
		m->type = lws_frame_is_binary(wsi) ? LWS_WRITE_BINARY : LWS_WRITE_TEXT;
	}
	s->arriving = m;
	m->length = had + length;
	if (length)
		memcpy(m->data + LWS_PRE + had, in, length);
	if (lws_is_final_fragment(wsi) && !lws_remaining_packet_payload(wsi)) {
		*s->last = m;
		s->last = &m->next;
		s->arriving = NULL;
		lws_callback_on_writable(wsi);
	}
	return 0;
}

static int send_first(struct session *s, struct lws *wsi) {
	struct message *m = s->first;
	free(s->leaving);
	s->leaving = m;
	if (!m)
		return 0;
	int sent = lws_write(wsi, m->data + LWS_PRE, m->length, m->type);
	if (!(s->first = m->next))
		s->last = &s->first;
	lws_callback_on_writable(wsi);
	return sent < 0 ? -1 : 0;
}

static void release(struct session *s) {
	for (struct message *m = s->first, *next; m; m = next) {
		next = m->next;
		free(m);
	}
	free(s->arriving);
	free(s->leaving);
	memset(s, 0, sizeof *s);
}

static int echo(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t length) {
	struct session *s = user;
	switch (reason) {
	case LWS_CALLBACK_ESTABLISHED:
	case LWS_CALLBACK_CLIENT_ESTABLISHED:
		memset(s, 0, sizeof *s);
		s->last = &s->first;
		break;
	case LWS_CALLBACK_RECEIVE:
	case LWS_CALLBACK_CLIENT_RECEIVE:
		return append(s, wsi, in, length);
	case LWS_CALLBACK_SERVER_WRITEABLE:
	case LWS_CALLBACK_CLIENT_WRITEABLE:
		return send_first(s, wsi);
	case LWS_CALLBACK_CLOSED:
	case LWS_CALLBACK_CLIENT_CLOSED:
		release(s);
		break;
	default:
		break;
	}
	// The client waits for the end of its connection, however it came.
	if (reason == LWS_CALLBACK_CLIENT_CLOSED || reason == LWS_CALLBACK_CLIENT_CONNECTION_ERROR)
		*(int *)lws_get_opaque_user_data(wsi) = 1;
	return 0;
}

static const struct lws_protocols protocols[] = {
	{"echo", echo, sizeof(struct session), 64 * 1024, 0, NULL, 0},
	{NULL, NULL, 0, 0, 0, NULL, 0},
};

static const struct lws_extension extensions[] = {
	{"permessage-deflate", lws_extension_callback_pm_deflate, "permessage-deflate; client_max_window_bits"},
	{NULL, NULL, NULL},
};

static void play(struct lws_context *context, const char *url, const char *agent, int number) {
	char copy[512], path[512];
	const char *scheme, *host, *base;
	int port, over = 0;
	struct lws_client_connect_info info = {0};

	lws_snprintf(copy, sizeof copy, "%s", url);
	if (lws_parse_uri(copy, &scheme, &host, &port, &base))
		exit(2);
	lws_snprintf(path, sizeof path, "/runCase?case=%d&agent=%s", number, agent);
	info.context = context;
	info.address = info.host = host;
	info.port = port;
	info.path = path;
	info.opaque_user_data = &over;
	if (!lws_client_connect_via_info(&info))
		return;
	while (!over && !ended)
		lws_service(context, 0);
}

// A case has a process of its own, which ends after two minutes, or after ten seconds
// of computing: in some cases the library does not come back from lws_service.
static void limit(void) {
	struct rlimit seconds = {10, 10};
	setrlimit(RLIMIT_CPU, &seconds);
	alarm(120);
}

static int run(char **args, int number) {
	struct lws_context_creation_info info = {0};
	info.port = number ? CONTEXT_PORT_NO_LISTEN : atoi(args[3]);
	info.iface = number ? NULL : args[2];
	info.protocols = protocols;
	info.extensions = extensions;
	info.options = LWS_SERVER_OPTION_VALIDATE_UTF8;
	info.pt_serv_buf_size = 64 * 1024;
	struct lws_context *context = lws_create_context(&info);
	if (!context)
		return 1;
	if (number)
		play(context, args[2], args[3], number);
	else
		while (!ended)
			lws_service(context, 0);
	lws_context_destroy(context);
	return 0;
}

int main(int n, char **args) {
	signal(SIGPIPE, SIG_IGN);
	lws_set_log_level(LLL_ERR, NULL);
	if (n != 6) {
		signal(SIGTERM, end);
		return run(args, 0);
	}
	for (int number = atoi(args[4]); number <= atoi(args[5]); number++) {
		if (!fork()) {
			limit();
			exit(run(args, number));
		}
		wait(NULL);
	}
	return 0;
}
