/* A WebSocket echo server of one thread, with epoll and nothing else: what the
 * system calls cost in C. It prints its address, ends when its standard input does,
 * and answers a line of input with one. Frames are rewritten where they were read,
 * and nothing is checked that need not be. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* The buffer begins with FIRST bytes, and grows to what arrives at a time, up to
 * USUAL, and for a long frame up to MOST. */
enum { FIRST = 4 << 10, USUAL = 64 << 10, MOST = 1 << 20, EVENTS = 256 };

struct conn {
	int fd;
	int open;                  /* the handshake is over */
	int filled;                /* by the last read: there may be more */
	char *buf;
	size_t have, size;         /* bytes in buf, and its size */
	size_t from, to, used;     /* answers in buf that are not yet written, and the requests they were */
};

static uint32_t rol(uint32_t x, int n) { return x << n | x >> (32 - n); }

/* SHA-1 (FIPS 180-4) of fewer than 120 bytes, in base64. */
static void accept_key(const char *key, size_t n, char *out)
{
	static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint8_t m[128] = {0}, sum[21] = {0};
	uint32_t h[5] = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};
	size_t len = n + sizeof guid - 1, blocks = (len + 9 + 63) / 64;
	memcpy(m, key, n);
	memcpy(m + n, guid, sizeof guid - 1);
	m[len] = 0x80;
	m[blocks * 64 - 2] = len * 8 >> 8;
	m[blocks * 64 - 1] = len * 8;
	for (size_t b = 0; b < blocks; b++) {
		uint32_t w[80], v[5];
		for (int i = 0; i < 16; i++) {
			const uint8_t *p = m + b * 64 + i * 4;
			w[i] = (uint32_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
		}
		for (int i = 16; i < 80; i++)
			w[i] = rol(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
		memcpy(v, h, sizeof v);
		for (int i = 0; i < 80; i++) {
			uint32_t f, k;
			if (i < 20)
				f = (v[1] & v[2]) | (~v[1] & v[3]), k = 0x5A827999;
			else if (i < 40)
				f = v[1] ^ v[2] ^ v[3], k = 0x6ED9EBA1;
			else if (i < 60)
				f = (v[1] & v[2]) | (v[1] & v[3]) | (v[2] & v[3]), k = 0x8F1BBCDC;
			else
				f = v[1] ^ v[2] ^ v[3], k = 0xCA62C1D6;
			uint32_t t = rol(v[0], 5) + f + v[4] + k + w[i];
			v[4] = v[3], v[3] = v[2], v[2] = rol(v[1], 30), v[1] = v[0], v[0] = t;
		}
		for (int i = 0; i < 5; i++)
			h[i] += v[i];
	}
	for (int i = 0; i < 20; i++)
		sum[i] = h[i / 4] >> (24 - i % 4 * 8);
	for (int i = 0; i < 7; i++) {
		uint32_t t = sum[i * 3] << 16 | sum[i * 3 + 1] << 8 | sum[i * 3 + 2];
		for (int j = 0; j < 4; j++)
			*out++ = digits[t >> (18 - 6 * j) & 63];
	}
	strcpy(out - 1, "=");
}

/* Answers the request in the buffer: 1 when done, 0 if it is not whole, -1 if it is wrong. */
static int handshake(struct conn *c)
{
	char *end = memmem(c->buf, c->have, "\r\n\r\n", 4), key[32], response[256];
	if (!end)
		return 0;
	for (char *p = c->buf; p && p < end; p = memmem(p, end - p, "\r\n", 2), p = p ? p + 2 : p) {
		if (strncasecmp(p, "sec-websocket-key:", 18) != 0)
			continue;
		p += 18;
		p += strspn(p, " ");
		accept_key(p, 24, key);
		int n = snprintf(response, sizeof response, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
			"Upgrade: websocket\r\nSec-WebSocket-Accept: %s\r\n\r\n", key);
		if (write(c->fd, response, n) != n)
			return -1;
		size_t used = end + 4 - c->buf;
		memmove(c->buf, c->buf + used, c->have -= used);
		return c->open = 1;
	}
	return -1;
}

/* Copies to lower memory. */
static void unmask(char *dst, const char *src, size_t n, uint32_t key)
{
	uint64_t k = (uint64_t)key << 32 | key, w[4];
	for (; n >= 32; n -= 32, dst += 32, src += 32) {
		memcpy(w, src, 32);
		w[0] ^= k, w[1] ^= k, w[2] ^= k, w[3] ^= k;
		memcpy(dst, w, 32);
	}
	for (; n >= 8; n -= 8, dst += 8, src += 8) {
		memcpy(w, src, 8);
		w[0] ^= k;
		memcpy(dst, w, 8);
	}
	for (size_t i = 0; i < n; i++)
		dst[i] = src[i] ^ (char)(k >> 8 * i);
}

/* Turns all whole frames into answers. -1: an end, or nonsense. */
static int answer(struct conn *c)
{
	for (;;) {
		unsigned char *p = (unsigned char *)c->buf + c->used;
		size_t left = c->have - c->used, header = 6, n;
		if (left < 2)
			return 0;
		if ((n = p[1] & 0x7F) == 126) {
			if (left < 4)
				return 0;
			header = 8, n = p[2] << 8 | p[3];
		} else if (n == 127) {
			if (left < 10)
				return 0;
			header = 14, n = 0;
			for (int i = 2; i < 10; i++)
				n = n << 8 | p[i];
			if (n > MOST)
				return -1;
		}
		if (left < header + n)
			return 0;
		if (!(p[1] & 0x80) || (p[0] & 0x0F) == 8)
			return -1;
		uint32_t key;
		memcpy(&key, p + header - 4, 4);
		if ((p[0] & 0x0F) == 9)
			p[0]++;
		p[1] &= 0x7F;
		memmove(c->buf + c->to, p, header - 4);
		c->to += header - 4;
		unmask(c->buf + c->to, (char *)p + header, n, key);
		c->to += n;
		c->used += header + n;
	}
}

/* Writes the answers: 1 when all are, 0 when the socket is full, -1 when it is dead. */
static int flush(struct conn *c)
{
	while (c->from < c->to) {
		ssize_t n = write(c->fd, c->buf + c->from, c->to - c->from);
		if (n < 0 && errno != EINTR)
			return errno == EAGAIN ? 0 : -1;
		if (n > 0)
			c->from += n;
	}
	memmove(c->buf, c->buf + c->used, c->have -= c->used);
	c->from = c->to = c->used = 0;
	return 1;
}

/* Reads, answers and writes until there is nothing to do. -1: the connection ends. */
static int turn(struct conn *c, int ending)
{
	int all = flush(c);
	while (all == 1) {
		if (c->have == c->size || (c->filled && c->size < USUAL)) {
			if (c->size >= MOST || !(c->buf = realloc(c->buf, c->size *= 2)))
				return -1;
		}
		size_t space = c->size - c->have;
		ssize_t n = read(c->fd, c->buf + c->have, space);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -1;
		if (n == 0)
			return -1;
		c->have += n;
		c->filled = c->have == c->size;
		if ((!c->open && handshake(c) < 0) || (c->open && answer(c) < 0))
			return -1;
		all = flush(c);
		if (all == 1 && (size_t)n < space && !ending)
			return 0; /* after a short read nothing is left, except an end */
	}
	return all;
}

static int fail(const char *what)
{
	perror(what);
	return 1;
}

int main(void)
{
	struct rlimit files;
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	int l = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), ep = epoll_create1(0), one = 1;
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof a;
	if (l < 0 || ep < 0 || bind(l, (struct sockaddr *)&a, sizeof a) || listen(l, 4096) ||
	    getsockname(l, (struct sockaddr *)&a, &size))
		return fail("listen");
	printf("127.0.0.1:%d\n", ntohs(a.sin_port));
	fflush(stdout);
	struct epoll_event e = {.events = EPOLLIN, .data.ptr = &l}, events[EVENTS];
	if (epoll_ctl(ep, EPOLL_CTL_ADD, l, &e))
		return fail("epoll_ctl");
	e.data.ptr = NULL;
	if (epoll_ctl(ep, EPOLL_CTL_ADD, 0, &e))
		return fail("epoll_ctl");
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
			} else if ((void *)c == (void *)&l) {
				for (int fd; (fd = accept4(l, NULL, NULL, SOCK_NONBLOCK)) >= 0;) {
					setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
					c = calloc(1, sizeof *c);
					c->fd = fd;
					c->buf = malloc(c->size = FIRST);
					e.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
					e.data.ptr = c;
					epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);
				}
			} else if (turn(c, events[i].events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) < 0) {
				close(c->fd);
				free(c->buf);
				free(c);
			}
		}
	}
}
