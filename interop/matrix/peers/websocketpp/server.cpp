// An echo server on WebSocket++.
#include "deflate.hpp"
#include <cstdlib>
#include <websocketpp/server.hpp>

typedef websocketpp::server<deflating<websocketpp::config::asio>> server;

int main(int, char **args) {
	server s;
	s.clear_access_channels(websocketpp::log::alevel::all);
	s.clear_error_channels(websocketpp::log::elevel::all);
	s.set_max_message_size(max_message);
	s.set_message_handler([&s](websocketpp::connection_hdl to, server::message_ptr message) {
		websocketpp::lib::error_code failed; // such as a connection that is closing
		s.send(to, message->get_payload(), message->get_opcode(), failed);
	});
	s.init_asio();
	s.set_reuse_addr(true);
	s.listen(args[1], args[2]);
	s.start_accept();
	s.run();
}
