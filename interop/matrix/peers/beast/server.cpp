// An echo server on Boost.Beast: a thread for each connection.
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/websocket.hpp>
#include <cstdlib>
#include <thread>

namespace beast = boost::beast;
namespace websocket = beast::websocket;
using tcp = boost::asio::ip::tcp;

static void echo(tcp::socket socket) {
	try {
		websocket::stream<tcp::socket> ws(std::move(socket));
		websocket::permessage_deflate deflate;
		deflate.server_enable = true;
		ws.set_option(deflate);
		ws.read_message_max(64 << 20);
		ws.accept();
		for (;;) {
			beast::flat_buffer message;
			ws.read(message);
			ws.text(ws.got_text());
			ws.write(message.data());
		}
	} catch (const beast::system_error &) { // such as the end of the connection
	}
}

int main(int, char **args) {
	boost::asio::io_context context;
	tcp::acceptor acceptor(context, {boost::asio::ip::make_address(args[1]),
	                                 static_cast<unsigned short>(std::atoi(args[2]))});
	for (;;)
		std::thread(echo, acceptor.accept()).detach();
}
