/* The server's side of the opening handshake (RFC 6455 §4.2.2), as little of it as
 * there can be. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static inline uint32_t turn(uint32_t v, int by) { return v << by | v >> (32 - by); }

static void sha1_block(uint32_t state[5], const unsigned char *block)
{
	static const uint32_t k[4] = {0x5A827999, 0x6ED9EBA1, 0x8F1BBCDC, 0xCA62C1D6};
	uint32_t w[80], a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
	for (int t = 0; t < 16; t++) {
		memcpy(&w[t], block + 4 * t, 4);
		w[t] = ntohl(w[t]);
	}
	for (int t = 16; t < 80; t++)
		w[t] = turn(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
	for (int t = 0; t < 80; t++) {
		uint32_t f = t < 20 ? (b & c) ^ (~b & d) : t < 40 || t >= 60 ? b ^ c ^ d : (b & c) ^ (b & d) ^ (c & d);
		uint32_t next = turn(a, 5) + f + e + w[t] + k[t / 20];
		e = d, d = c, c = turn(b, 30), b = a, a = next;
	}
	state[0] += a, state[1] += b, state[2] += c, state[3] += d, state[4] += e;
}

/* accept_value writes the 28 characters of Sec-WebSocket-Accept for a key of 24. */
static void accept_value(char *out, const char *key)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint32_t state[5] = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};
	unsigned char text[128] = {0}, sum[21] = {0};
	memcpy(text, key, 24);
	memcpy(text + 24, "258EAFA5-E914-47DA-95CA-C5AB0DC85B11", 36);
	text[60] = 0x80; /* the length, 480 bits, does not fit behind it any more */
	text[126] = 480 >> 8, text[127] = 480 & 0xFF;
	sha1_block(state, text);
	sha1_block(state, text + 64);
	for (int i = 0; i < 20; i++)
		sum[i] = (unsigned char)(state[i / 4] >> (24 - 8 * (i % 4)));
	for (int i = 0; i < 7; i++) {
		uint32_t v = (uint32_t)sum[3 * i] << 16 | (uint32_t)sum[3 * i + 1] << 8 | sum[3 * i + 2];
		for (int j = 0; j < 4; j++)
			out[4 * i + j] = digits[v >> (18 - 6 * j) & 63];
	}
	out[27] = '=';
}

/* open_websocket reads the request and answers it. */
static int open_websocket(int fd)
{
	static char request[8192];
	char response[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
			  "Sec-WebSocket-Accept: ............................\r\n\r\n";
	size_t have = 0;
	for (;;) {
		ssize_t n = read(fd, request + have, sizeof request - 1 - have);
		if (n <= 0)
			return -1;
		have += (size_t)n;
		request[have] = 0;
		if (have >= 4 && memcmp(request + have - 4, "\r\n\r\n", 4) == 0)
			break;
	}
	char *key = strcasestr(request, "\r\nSec-WebSocket-Key:");
	if (!key)
		return -1;
	key += sizeof "\r\nSec-WebSocket-Key:" - 1;
	key += strspn(key, " \t");
	if (strcspn(key, "\r \t") != 24)
		return -1;
	accept_value(response + sizeof response - 1 - 4 - 28, key);
	return write(fd, response, sizeof response - 1) == sizeof response - 1 ? 0 : -1;
}

/* listen_here listens on a port of the system's choice, and tells it. */
static int listen_here(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, size) || listen(fd, 4096) || getsockname(fd, (struct sockaddr *)&a, &size)) {
		perror("listen");
		exit(1);
	}
	printf("127.0.0.1:%d\n", ntohs(a.sin_port));
	fflush(stdout);
	return fd;
}

/* accept_one waits for a connection. */
static int accept_one(int listener)
{
	int one = 1, fd = accept(listener, NULL, NULL);
	if (fd >= 0)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	return fd;
}
