/* Opening handshakes with nothing around them: accept, read, SHA-1, write, close.
 * It ends with its input. */
#include "handshake.h"
#include <poll.h>

int main(void)
{
	int listener = listen_here();
	struct pollfd wait[2] = {{.fd = listener, .events = POLLIN}, {.fd = 0, .events = POLLIN}};
	while (poll(wait, 2, -1) > 0) {
		if (wait[0].revents) {
			int fd = accept_one(listener);
			if (fd >= 0) {
				open_websocket(fd);
				close(fd);
			}
			continue;
		}
		char line;
		if (read(0, &line, 1) <= 0)
			return 0;
		puts("done");
		fflush(stdout);
	}
	return 1;
}
