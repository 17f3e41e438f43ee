// An echo server and an echo client on POCO. The library hands over frames; the program
// joins them, refuses fragments in a wrong order, and answers Pings and Close frames.
//
//	echo server HOST PORT
//	echo client URL AGENT FROM TO
#include <Poco/Buffer.h>
#include <Poco/Exception.h>
#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPRequestHandler.h>
#include <Poco/Net/HTTPRequestHandlerFactory.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/HTTPServer.h>
#include <Poco/Net/HTTPServerRequest.h>
#include <Poco/Net/HTTPServerResponse.h>
#include <Poco/Net/NetException.h>
#include <Poco/Net/WebSocket.h>
#include <Poco/URI.h>
#include <csignal>
#include <string>

using namespace Poco::Net;

static void echo(WebSocket &socket) {
	socket.setMaxPayloadSize(64 << 20);
	socket.setReceiveTimeout(Poco::Timespan(120, 0));
	Poco::Buffer<char> message(0);
	int type = 0; // 0 between messages
	for (;;) {
		Poco::Buffer<char> frame(0);
		int flags = 0;
		if (socket.receiveFrame(frame, flags) == 0 && flags == 0)
			return; // TCP has ended
		switch (flags & WebSocket::FRAME_OP_BITMASK) {
		case WebSocket::FRAME_OP_TEXT:
		case WebSocket::FRAME_OP_BINARY:
			if (type != 0)
				return socket.shutdown(WebSocket::WS_PROTOCOL_ERROR);
			type = flags & WebSocket::FRAME_OP_BITMASK;
			message.resize(0);
			// fall through
		case WebSocket::FRAME_OP_CONT:
			if (type == 0)
				return socket.shutdown(WebSocket::WS_PROTOCOL_ERROR);
			message.append(frame);
			if (flags & WebSocket::FRAME_FLAG_FIN) {
				socket.sendFrame(message.begin(), int(message.size()), WebSocket::FRAME_FLAG_FIN | type);
				type = 0;
			}
			break;
		case WebSocket::FRAME_OP_PING:
			socket.sendFrame(frame.begin(), int(frame.size()), WebSocket::FRAME_FLAG_FIN | WebSocket::FRAME_OP_PONG);
			break;
		case WebSocket::FRAME_OP_CLOSE:
			socket.sendFrame(frame.begin(), int(frame.size()), WebSocket::FRAME_FLAG_FIN | WebSocket::FRAME_OP_CLOSE);
			return;
		}
	}
}

struct handler : HTTPRequestHandler {
	void handleRequest(HTTPServerRequest &request, HTTPServerResponse &response) override {
		try {
			WebSocket socket(request, response);
			echo(socket);
		} catch (const WebSocketException &refused) { // as in POCO's own example server
			switch (refused.code()) {
			case WebSocket::WS_ERR_HANDSHAKE_UNSUPPORTED_VERSION:
				response.set("Sec-WebSocket-Version", WebSocket::WEBSOCKET_VERSION);
				// fall through
			case WebSocket::WS_ERR_NO_HANDSHAKE:
			case WebSocket::WS_ERR_HANDSHAKE_NO_VERSION:
			case WebSocket::WS_ERR_HANDSHAKE_NO_KEY:
				response.setStatusAndReason(HTTPResponse::HTTP_BAD_REQUEST);
				response.setContentLength(0);
				response.send();
			}
		} catch (const Poco::Exception &) { // such as the end of TCP
		}
	}
};

struct factory : HTTPRequestHandlerFactory {
	HTTPRequestHandler *createRequestHandler(const HTTPServerRequest &) override { return new handler; }
};

static void play(const Poco::URI &url, const std::string &path) {
	try {
		HTTPClientSession session(url.getHost(), url.getPort());
		HTTPRequest request(HTTPRequest::HTTP_GET, path, HTTPMessage::HTTP_1_1);
		HTTPResponse response;
		WebSocket socket(session, request, response);
		echo(socket);
	} catch (const Poco::Exception &) {
	}
}

int main(int n, char **args) {
	if (n == 6) {
		for (int number = std::stoi(args[4]); number <= std::stoi(args[5]); number++)
			play(Poco::URI(args[2]), "/runCase?case=" + std::to_string(number) + "&agent=" + args[3]);
		return 0;
	}
	HTTPServerParams::Ptr params = new HTTPServerParams;
	params->setMaxThreads(64);
	Poco::ThreadPool::defaultPool().addCapacity(64);
	sigset_t ending;
	sigemptyset(&ending);
	sigaddset(&ending, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &ending, nullptr);
	ServerSocket listener(SocketAddress(args[2], std::stoi(args[3])));
	HTTPServer server(new factory, listener, params);
	server.start();
	sigwait(&ending, &n);
	std::_Exit(0);
}
