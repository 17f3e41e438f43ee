import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketFrameAggregator;
import io.netty.handler.codec.http.websocketx.WebSocketServerProtocolConfig;
import io.netty.handler.codec.http.websocketx.WebSocketServerProtocolHandler;
import io.netty.handler.codec.http.websocketx.extensions.compression.WebSocketServerCompressionHandler;

/** Serves an echo: HOST PORT. */
public class Server extends ChannelInitializer<SocketChannel> {
    static final int LIMIT = 64 << 20;

    static class Echo extends SimpleChannelInboundHandler<WebSocketFrame> {
        @Override
        protected void channelRead0(ChannelHandlerContext ctx, WebSocketFrame message) {
            ctx.writeAndFlush(message.retain());
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            // The handlers before this one close the channel and say why.
        }
    }

    @Override
    protected void initChannel(SocketChannel channel) {
        WebSocketServerProtocolConfig config = WebSocketServerProtocolConfig.newBuilder()
            .websocketPath("/").checkStartsWith(true).allowExtensions(true).maxFramePayloadLength(LIMIT).build();
        channel.pipeline().addLast(
            new HttpServerCodec(),
            new HttpObjectAggregator(65536),
            new WebSocketServerCompressionHandler(),
            new WebSocketServerProtocolHandler(config),
            new WebSocketFrameAggregator(LIMIT),
            new Echo());
    }

    public static void main(String[] args) throws Exception {
        NioEventLoopGroup loops = new NioEventLoopGroup();
        new ServerBootstrap().group(loops).channel(NioServerSocketChannel.class).childHandler(new Server())
            .bind(args[0], Integer.parseInt(args[1])).sync().channel().closeFuture().sync();
    }
}
