import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Plays cases of a fuzzing server: URL AGENT FROM TO. */
public class Client {
    static class Echo implements WebSocket.Listener {
        final CompletableFuture<Void> ended = new CompletableFuture<>();
        final StringBuilder text = new StringBuilder();
        final ByteArrayOutputStream binary = new ByteArrayOutputStream();

        @Override
        public CompletionStage<?> onText(WebSocket ws, CharSequence data, boolean last) {
            text.append(data);
            if (!last) {
                ws.request(1);
                return null;
            }
            String message = text.toString();
            text.setLength(0);
            return ws.sendText(message, true).thenAccept(w -> w.request(1));
        }

        @Override
        public CompletionStage<?> onBinary(WebSocket ws, ByteBuffer data, boolean last) {
            byte[] part = new byte[data.remaining()];
            data.get(part);
            binary.writeBytes(part);
            if (!last) {
                ws.request(1);
                return null;
            }
            ByteBuffer message = ByteBuffer.wrap(binary.toByteArray());
            binary.reset();
            return ws.sendBinary(message, true).thenAccept(w -> w.request(1));
        }

        @Override
        public CompletionStage<?> onClose(WebSocket ws, int code, String reason) {
            ended.complete(null);
            return null;
        }

        @Override
        public void onError(WebSocket ws, Throwable error) {
            ended.completeExceptionally(error);
        }
    }

    public static void main(String[] args) throws Exception {
        String base = args[0].replaceAll("/$", "");
        HttpClient http = HttpClient.newHttpClient();
        play(http, base + "/getCaseCount"); // loads classes: some cases end after half a second
        for (int n = Integer.parseInt(args[2]); n <= Integer.parseInt(args[3]); n++) {
            play(http, base + "/runCase?case=" + n + "&agent=" + args[1]);
        }
        Thread.sleep(1000); // the library sends its last Close frame behind onClose or onError
        System.exit(0);
    }

    static void play(HttpClient http, String url) throws InterruptedException {
        Echo echo = new Echo();
        CompletableFuture<WebSocket> opening = http.newWebSocketBuilder().buildAsync(URI.create(url), echo);
        try {
            opening.thenCompose(ws -> echo.ended).get(2, TimeUnit.MINUTES);
        } catch (ExecutionException e) {
            System.err.println(url + ": " + e);
        } catch (TimeoutException e) {
            System.err.println(url + ": " + e);
            opening.thenAccept(WebSocket::abort);
        }
    }
}
