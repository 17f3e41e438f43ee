import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketClientProtocolConfig;
import io.netty.handler.codec.http.websocketx.WebSocketClientProtocolHandler;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketFrameAggregator;
import io.netty.handler.codec.http.websocketx.extensions.compression.WebSocketClientCompressionHandler;
import java.net.URI;
import java.util.concurrent.TimeUnit;

/** Plays cases of a fuzzing server: URL AGENT FROM TO. */
public class Client extends ChannelInitializer<SocketChannel> {
    static final int LIMIT = 64 << 20;
    final URI url;

    Client(URI url) {
        this.url = url;
    }

    static class Echo extends SimpleChannelInboundHandler<WebSocketFrame> {
        @Override
        protected void channelRead0(ChannelHandlerContext ctx, WebSocketFrame message) {
            if (message instanceof CloseWebSocketFrame) {
                ctx.writeAndFlush(new CloseWebSocketFrame(true, 0, message.content().retain()))
                    .addListener(ChannelFutureListener.CLOSE);
            } else {
                ctx.writeAndFlush(message.retain());
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            // The handlers before this one close the channel and say why.
        }
    }

    @Override
    protected void initChannel(SocketChannel channel) {
        WebSocketClientProtocolConfig config = WebSocketClientProtocolConfig.newBuilder()
            .webSocketUri(url).handleCloseFrames(false).allowExtensions(true).maxFramePayloadLength(LIMIT).build();
        channel.pipeline().addLast(
            new HttpClientCodec(),
            new HttpObjectAggregator(65536),
            WebSocketClientCompressionHandler.INSTANCE,
            new WebSocketClientProtocolHandler(config),
            new WebSocketFrameAggregator(LIMIT),
            new Echo());
    }

    public static void main(String[] args) throws Exception {
        String base = args[0].replaceAll("/$", "");
        NioEventLoopGroup loops = new NioEventLoopGroup();
        play(loops, base + "/getCaseCount"); // loads classes: some cases end after half a second
        for (int n = Integer.parseInt(args[2]); n <= Integer.parseInt(args[3]); n++) {
            play(loops, base + "/runCase?case=" + n + "&agent=" + args[1]);
        }
        System.exit(0);
    }

    static void play(NioEventLoopGroup loops, String address) {
        URI url = URI.create(address);
        try {
            Channel channel = new Bootstrap().group(loops).channel(NioSocketChannel.class)
                .handler(new Client(url)).connect(url.getHost(), url.getPort()).sync().channel();
            if (!channel.closeFuture().await(2, TimeUnit.MINUTES)) {
                channel.close().sync();
            }
        } catch (Exception e) {
            System.err.println(address + ": " + e);
        }
    }
}
