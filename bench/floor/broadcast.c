/* A broadcast with nothing around it: at each line of input a text is sent to all
 * connections, so many times in a row, one write for each.
 *
 *     broadcast TEXT TIMES */
#include "handshake.h"
#include <poll.h>

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	static int conns[65536];
	size_t n = 0, length = strlen(argv[1]), header = length < 126 ? 2 : 4;
	int times = atoi(argv[2]), listener = listen_here();
	unsigned char *frame = malloc(length + header);
	if (length > 0xFFFF || !frame)
		return 2;
	frame[0] = 0x81, frame[1] = (unsigned char)length;
	if (header == 4)
		frame[1] = 126, frame[2] = (unsigned char)(length >> 8), frame[3] = (unsigned char)length;
	memcpy(frame + header, argv[1], length);
	struct pollfd wait[2] = {{.fd = listener, .events = POLLIN}, {.fd = 0, .events = POLLIN}};
	while (poll(wait, 2, -1) > 0) {
		if (wait[0].revents) {
			int fd = accept_one(listener);
			if (fd >= 0 && n < sizeof conns / sizeof *conns && open_websocket(fd) == 0)
				conns[n++] = fd;
			continue;
		}
		char line;
		if (read(0, &line, 1) <= 0)
			return 0;
		for (int t = 0; t < times; t++)
			for (size_t i = 0; i < n; i++)
				if (write(conns[i], frame, length + header) != (ssize_t)(length + header)) {
					perror("write");
					return 1;
				}
		puts("done");
		fflush(stdout);
	}
	return 1;
}
