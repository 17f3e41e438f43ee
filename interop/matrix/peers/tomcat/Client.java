import jakarta.websocket.ClientEndpointConfig;
import jakarta.websocket.CloseReason;
import jakarta.websocket.ContainerProvider;
import jakarta.websocket.Endpoint;
import jakarta.websocket.EndpointConfig;
import jakarta.websocket.Extension;
import jakarta.websocket.MessageHandler;
import jakarta.websocket.Session;
import jakarta.websocket.WebSocketContainer;
import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Plays cases of a fuzzing server: URL AGENT FROM TO. */
public class Client {
    static class Deflate implements Extension {
        @Override
        public String getName() {
            return "permessage-deflate";
        }

        @Override
        public List<Parameter> getParameters() {
            return List.of();
        }
    }

    static class Echo extends Endpoint {
        final CompletableFuture<Void> ended = new CompletableFuture<>();

        @Override
        public void onOpen(Session session, EndpointConfig config) {
            session.addMessageHandler(new MessageHandler.Partial<String>() {
                @Override
                public void onMessage(String part, boolean last) {
                    try {
                        session.getBasicRemote().sendText(part, last);
                    } catch (IOException e) {
                        ended.completeExceptionally(e);
                    }
                }
            });
            session.addMessageHandler(new MessageHandler.Partial<ByteBuffer>() {
                @Override
                public void onMessage(ByteBuffer part, boolean last) {
                    try {
                        session.getBasicRemote().sendBinary(part, last);
                    } catch (IOException e) {
                        ended.completeExceptionally(e);
                    }
                }
            });
        }

        @Override
        public void onClose(Session session, CloseReason reason) {
            ended.complete(null);
        }
    }

    public static void main(String[] args) throws Exception {
        String base = args[0].replaceAll("/$", "");
        WebSocketContainer container = ContainerProvider.getWebSocketContainer();
        ClientEndpointConfig config = ClientEndpointConfig.Builder.create()
            .extensions(List.of(new Deflate())).build();
        play(container, config, base + "/getCaseCount"); // loads classes: some cases end after half a second
        for (int n = Integer.parseInt(args[2]); n <= Integer.parseInt(args[3]); n++) {
            play(container, config, base + "/runCase?case=" + n + "&agent=" + args[1]);
        }
        System.exit(0);
    }

    static void play(WebSocketContainer container, ClientEndpointConfig config, String url) {
        Echo echo = new Echo();
        try (Session session = container.connectToServer(echo, config, URI.create(url))) {
            echo.ended.get(2, TimeUnit.MINUTES);
        } catch (Exception e) {
            System.err.println(url + ": " + e);
        }
    }
}
