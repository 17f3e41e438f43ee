// An echo client on WebSocket++, for one case after the other.
#include "deflate.hpp"
#include <cstdlib>
#include <string>
#include <websocketpp/client.hpp>

typedef websocketpp::client<deflating<websocketpp::config::asio_client>> client;

int main(int, char **args) {
	std::string url = args[1], agent = args[2];
	for (int number = std::atoi(args[3]); number <= std::atoi(args[4]); number++) {
		client c;
		c.clear_access_channels(websocketpp::log::alevel::all);
		c.clear_error_channels(websocketpp::log::elevel::all);
		c.set_max_message_size(max_message);
		c.set_message_handler([&c](websocketpp::connection_hdl to, client::message_ptr message) {
			websocketpp::lib::error_code failed;
			c.send(to, message->get_payload(), message->get_opcode(), failed);
		});
		c.init_asio();
		c.set_timer(120'000, [&c](const websocketpp::lib::error_code &) { c.stop(); });
		auto over = [&c](websocketpp::connection_hdl) { c.stop(); };
		c.set_close_handler(over);
		c.set_fail_handler(over);

		websocketpp::lib::error_code failed;
		auto connection = c.get_connection(url + "/runCase?case=" + std::to_string(number) + "&agent=" + agent, failed);
		if (failed)
			return 2;
		c.connect(connection);
		c.run();
	}
}
