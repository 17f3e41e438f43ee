// An echo server and an echo client on Qt WebSockets.
//
//	echo server HOST PORT
//	echo client URL AGENT FROM TO
#include <QtCore/QCoreApplication>
#include <QtCore/QEventLoop>
#include <QtCore/QTimer>
#include <QtNetwork/QHostAddress>
#include <QtWebSockets/QWebSocket>
#include <QtWebSockets/QWebSocketServer>

const quint64 maxMessage = 64 << 20;

static void echo(QWebSocket *socket) {
	socket->setMaxAllowedIncomingFrameSize(maxMessage);
	socket->setMaxAllowedIncomingMessageSize(maxMessage);
	QObject::connect(socket, &QWebSocket::textMessageReceived, socket, &QWebSocket::sendTextMessage);
	QObject::connect(socket, &QWebSocket::binaryMessageReceived, socket, &QWebSocket::sendBinaryMessage);
}

static void play(const QUrl &url) {
	QWebSocket socket;
	QEventLoop loop;
	echo(&socket);
	// Queued, since open can fail before exec, which would not notice it.
	QObject::connect(&socket, &QWebSocket::disconnected, &loop, &QEventLoop::quit, Qt::QueuedConnection);
	QObject::connect(&socket, QOverload<QAbstractSocket::SocketError>::of(&QWebSocket::error),
	                 &loop, &QEventLoop::quit, Qt::QueuedConnection);
	QTimer::singleShot(120'000, &loop, &QEventLoop::quit);
	socket.open(url);
	loop.exec();
}

int main(int n, char **args) {
	QCoreApplication app(n, args);
	if (QString(args[1]) == "client") {
		for (int number = atoi(args[4]); number <= atoi(args[5]); number++)
			play(QString("%1/runCase?case=%2&agent=%3").arg(args[2]).arg(number).arg(args[3]));
		return 0;
	}
	QWebSocketServer server("echo", QWebSocketServer::NonSecureMode);
	QObject::connect(&server, &QWebSocketServer::newConnection, &server, [&server] {
		while (QWebSocket *socket = server.nextPendingConnection()) {
			QObject::connect(socket, &QWebSocket::disconnected, socket, &QObject::deleteLater);
			echo(socket);
		}
	});
	if (!server.listen(QHostAddress(args[2]), atoi(args[3])))
		return 1;
	return app.exec();
}
