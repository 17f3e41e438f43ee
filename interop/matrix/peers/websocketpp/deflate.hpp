// Both programs compress, which the library's ready configurations do not.
#include <websocketpp/config/asio_no_tls.hpp>
#include <websocketpp/config/asio_no_tls_client.hpp>
#include <websocketpp/extensions/permessage_deflate/enabled.hpp>

template <typename Base> struct deflating : Base {
	struct permessage_deflate_config {};
	typedef websocketpp::extensions::permessage_deflate::enabled<permessage_deflate_config>
		permessage_deflate_type;
};

const size_t max_message = 64 << 20;
