/* Idle WebSocket connections with nothing around them: epoll, and 192 bytes for each.
 * It echoes frames of fewer than 126 bytes that arrive whole, as the one frame does that
 * is sent before a connection is idle. Everything else ends the connection. It answers a
 * line of input with one, and ends with its input. */
#include "handshake.h"
#include <sys/epoll.h>
#include <sys/resource.h>

enum { EVENTS = 256 };

struct conn {
	int fd;
	int open; /* the handshake is over */
	char rest[184];
};

/* echo reads once and answers. -1: the connection ends. */
static int echo(struct conn *c)
{
	static unsigned char p[256];
	if (!c->open) {
		c->open = 1;
		return open_websocket(c->fd);
	}
	ssize_t n = read(c->fd, p, sizeof p);
	if (n < 6 || !(p[1] & 0x80) || n != 6 + (p[1] & 0x7F) || (p[0] & 0x0F) > 2)
		return -1;
	unsigned char key[4];
	memcpy(key, p + 2, 4);
	p[1] &= 0x7F;
	for (int i = 6; i < n; i++)
		p[i - 4] = p[i] ^ key[(i - 6) % 4];
	return write(c->fd, p, (size_t)n - 4) == n - 4 ? 0 : -1;
}

int main(void)
{
	struct rlimit files;
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	int listener = listen_here(), ep = epoll_create1(0);
	struct epoll_event e = {.events = EPOLLIN, .data.ptr = &listener}, events[EVENTS];
	if (ep < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, listener, &e))
		return 1;
	e.data.ptr = NULL;
	if (epoll_ctl(ep, EPOLL_CTL_ADD, 0, &e))
		return 1;
	for (;;) {
		int n = epoll_wait(ep, events, EVENTS, -1);
		for (int i = 0; i < n; i++) {
			struct conn *c = events[i].data.ptr;
			if (!c) {
				char line[64];
				if (read(0, line, sizeof line) <= 0)
					return 0;
				puts("collected");
				fflush(stdout);
			} else if ((void *)c == (void *)&listener) {
				int fd = accept_one(listener);
				if (fd < 0 || !(c = calloc(1, sizeof *c)))
					continue;
				c->fd = fd;
				e.events = EPOLLIN | EPOLLRDHUP;
				e.data.ptr = c;
				epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);
			} else if (echo(c) < 0) {
				close(c->fd);
				free(c);
			}
		}
	}
}
