import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * A client of java.net.http. It talks to the server at args[0] and prints one
 * JSON line with what it saw.
 */
public class Client {
    static final HttpClient HTTP = HttpClient.newHttpClient();

    /** One connection; every event lands, as JSON, in the queue of its kind. */
    static class Connection implements WebSocket.Listener {
        final BlockingQueue<String> messages = new LinkedBlockingQueue<>();
        final BlockingQueue<String> pongs = new LinkedBlockingQueue<>();
        final BlockingQueue<String> closes = new LinkedBlockingQueue<>();
        final StringBuilder text = new StringBuilder();
        final java.io.ByteArrayOutputStream binary = new java.io.ByteArrayOutputStream();
        final WebSocket ws;

        Connection(String url) {
            ws = HTTP.newWebSocketBuilder().buildAsync(URI.create(url), this).join();
        }

        @Override
        public CompletionStage<?> onText(WebSocket ws, CharSequence data, boolean last) {
            text.append(data);
            if (last) {
                messages.add(digest("text", text.toString().getBytes(StandardCharsets.UTF_8)));
                text.setLength(0);
            }
            ws.request(1);
            return null;
        }

        @Override
        public CompletionStage<?> onBinary(WebSocket ws, ByteBuffer data, boolean last) {
            byte[] part = new byte[data.remaining()];
            data.get(part);
            binary.writeBytes(part);
            if (last) {
                messages.add(digest("binary", binary.toByteArray()));
                binary.reset();
            }
            ws.request(1);
            return null;
        }

        @Override
        public CompletionStage<?> onPong(WebSocket ws, ByteBuffer data) {
            pongs.add(quote(StandardCharsets.UTF_8.decode(data).toString()));
            ws.request(1);
            return null;
        }

        @Override
        public CompletionStage<?> onClose(WebSocket ws, int code, String reason) {
            closes.add("{\"code\":%d,\"reason\":%s}".formatted(code, quote(reason)));
            return null;
        }

        @Override
        public void onError(WebSocket ws, Throwable error) {
            error.printStackTrace();
            closes.add("{\"code\":1006,\"reason\":%s}".formatted(quote(error.toString())));
        }

        void send(String s) {
            ws.sendText(s, true).join();
        }

        void send(byte[] b) {
            ws.sendBinary(ByteBuffer.wrap(b), true).join();
        }
    }

    static String take(BlockingQueue<String> queue) throws InterruptedException {
        String s = queue.poll(20, TimeUnit.SECONDS);
        if (s == null) {
            throw new IllegalStateException("nothing came for 20 s");
        }
        return s;
    }

    static String quote(String s) {
        return '"' + s.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }

    static String digest(String kind, byte[] data) {
        try {
            byte[] sum = MessageDigest.getInstance("SHA-256").digest(data);
            return "{\"kind\":\"%s\",\"bytes\":%d,\"sha256\":\"%s\"}"
                .formatted(kind, data.length, HexFormat.of().formatHex(sum));
        } catch (java.security.NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    static String letters(int n) {
        StringBuilder s = new StringBuilder();
        for (int i = 0; i < n; i++) {
            s.append((char) ('a' + i % 26));
        }
        return s.toString();
    }

    static byte[] pattern(int n) {
        byte[] b = new byte[n];
        for (int i = 0; i < n; i++) {
            b[i] = (byte) (i * 31 + (i >> 8));
        }
        return b;
    }

    public static void main(String[] args) throws Exception {
        String base = args[0];
        String hello = "h\u00e9llo w\u00f6rld \u20ac \uD83D\uDE00";
        List<String> echoes = new ArrayList<>();

        Connection c = new Connection(base + "/echo");
        c.send(hello);
        echoes.add(take(c.messages));
        c.send(pattern(256));
        echoes.add(take(c.messages));
        c.send(letters(200000));
        echoes.add(take(c.messages));
        c.send(pattern(200000));
        echoes.add(take(c.messages));
        c.ws.sendText("fragment", false).join();
        c.ws.sendText("\u20ac", false).join();
        c.ws.sendPing(ByteBuffer.wrap("are you there".getBytes(StandardCharsets.UTF_8))).join();
        c.ws.sendText("ed", true).join();
        echoes.add(take(c.messages));
        String pong = take(c.pongs);
        c.ws.sendClose(4001, "bye from the client").join();
        String closed = take(c.closes);

        c = new Connection(base + "/fragments");
        c.send(hello);
        String fragments = take(c.messages);
        c.ws.sendClose(1000, "").join();
        String closedEmpty = take(c.closes);

        c = new Connection(base + "/ping");
        c.send("ping me");
        String pinged = take(c.messages);
        c.ws.abort();

        c = new Connection(base + "/close?code=4002&reason=bye+from+the+server");
        c.send("close me");
        String serverClosed = take(c.closes);

        System.out.printf(
            "{\"echoes\":[%s],\"pong\":%s,\"closed\":%s,\"fragments\":%s,\"closedEmpty\":%s,\"pinged\":%s,\"serverClosed\":%s}%n",
            String.join(",", echoes), pong, closed, fragments, closedEmpty, pinged, serverClosed);
        // The answer to the last Close frame is sent behind onClose; an exit here
        // could overtake it. The test ends this program.
        new CountDownLatch(1).await();
    }
}
