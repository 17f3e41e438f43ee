import jakarta.servlet.ServletContextEvent;
import jakarta.servlet.ServletContextListener;
import jakarta.websocket.OnMessage;
import jakarta.websocket.Session;
import jakarta.websocket.server.ServerContainer;
import jakarta.websocket.server.ServerEndpoint;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Set;
import org.apache.catalina.Context;
import org.apache.catalina.startup.Tomcat;
import org.apache.tomcat.websocket.server.WsSci;

/** Serves an echo: HOST PORT. It echoes parts of messages, as Tomcat's own example does. */
public class Server {
    @ServerEndpoint("/")
    public static class Root {
        @OnMessage
        public void text(Session session, String part, boolean last) throws IOException {
            session.getBasicRemote().sendText(part, last);
        }

        @OnMessage
        public void binary(Session session, ByteBuffer part, boolean last) throws IOException {
            session.getBasicRemote().sendBinary(part, last);
        }
    }

    @ServerEndpoint("/{any}")
    public static class Path extends Root {
    }

    public static class Endpoints implements ServletContextListener {
        @Override
        public void contextInitialized(ServletContextEvent event) {
            ServerContainer container =
                (ServerContainer) event.getServletContext().getAttribute(ServerContainer.class.getName());
            try {
                container.addEndpoint(Root.class);
                container.addEndpoint(Path.class);
            } catch (jakarta.websocket.DeploymentException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    public static void main(String[] args) throws Exception {
        Tomcat tomcat = new Tomcat();
        tomcat.setBaseDir(System.getProperty("java.io.tmpdir"));
        tomcat.setHostname(args[0]);
        tomcat.setPort(Integer.parseInt(args[1]));
        tomcat.getConnector().setProperty("address", args[0]);
        Context context = tomcat.addContext("", null);
        context.addServletContainerInitializer(new WsSci(), Set.of());
        context.addApplicationListener(Endpoints.class.getName());
        Tomcat.addServlet(context, "default", new org.apache.catalina.servlets.DefaultServlet());
        context.addServletMappingDecoded("/", "default");
        tomcat.start();
        tomcat.getServer().await();
    }
}
