// An echo client on Mono's ClientWebSocket, for one case after the other.
using System;
using System.IO;
using System.Net.WebSockets;
using System.Threading;
using System.Threading.Tasks;

static class Client {
	static async Task Play(Uri url) {
		using (var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2)))
		using (var socket = new ClientWebSocket()) {
			socket.Options.KeepAliveInterval = Timeout.InfiniteTimeSpan;
			var buffer = new ArraySegment<byte>(new byte[64 << 10]);
			try {
				await socket.ConnectAsync(url, limit.Token);
				for (;;) {
					var message = new MemoryStream();
					WebSocketReceiveResult part;
					do {
						part = await socket.ReceiveAsync(buffer, limit.Token);
						message.Write(buffer.Array, 0, part.Count);
					} while (!part.EndOfMessage);
					if (part.MessageType == WebSocketMessageType.Close) {
						await socket.CloseAsync(part.CloseStatus ?? WebSocketCloseStatus.Empty, part.CloseStatusDescription, limit.Token);
						return;
					}
					await socket.SendAsync(new ArraySegment<byte>(message.ToArray()), part.MessageType, true, limit.Token);
				}
			} catch (Exception) { // such as the end of the connection
			}
		}
	}

	static void Main(string[] args) {
		for (var number = int.Parse(args[2]); number <= int.Parse(args[3]); number++)
			Play(new Uri(args[0] + "/runCase?case=" + number + "&agent=" + args[1])).Wait();
	}
}
