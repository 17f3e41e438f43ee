// An echo client on Boost.Beast, for one case after the other.
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/websocket.hpp>
#include <chrono>
#include <cstdlib>
#include <string>

namespace beast = boost::beast;
namespace websocket = beast::websocket;
using tcp = boost::asio::ip::tcp;

struct session {
	websocket::stream<tcp::socket> ws;
	beast::flat_buffer message;

	session(boost::asio::io_context &context) : ws(context) {
		websocket::permessage_deflate deflate;
		deflate.client_enable = true;
		ws.set_option(deflate);
		ws.read_message_max(64 << 20);
	}

	void read() {
		ws.async_read(message, [this](beast::error_code failed, std::size_t) {
			if (!failed)
				write();
		});
	}

	void write() {
		ws.text(ws.got_text());
		ws.async_write(message.data(), [this](beast::error_code failed, std::size_t) {
			message.clear();
			if (!failed)
				read();
		});
	}
};

int main(int, char **args) {
	std::string url = args[1], agent = args[2];
	auto authority = url.substr(url.find("//") + 2); // ws://HOST:PORT
	auto colon = authority.find(':');
	for (int number = std::atoi(args[3]); number <= std::atoi(args[4]); number++) {
		boost::asio::io_context context;
		tcp::resolver resolver(context);
		session s(context);
		beast::error_code failed;
		boost::asio::connect(s.ws.next_layer(),
			resolver.resolve(authority.substr(0, colon), authority.substr(colon + 1)), failed);
		if (failed)
			continue;
		s.ws.async_handshake(authority, "/runCase?case=" + std::to_string(number) + "&agent=" + agent,
			[&s](beast::error_code refused) {
				if (!refused)
					s.read();
			});
		context.run_for(std::chrono::minutes(2));
	}
}
