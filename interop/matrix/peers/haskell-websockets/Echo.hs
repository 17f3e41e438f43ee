{-# LANGUAGE ScopedTypeVariables #-}
-- | An echo server and an echo client on the package websockets.
--
-- > echo server HOST PORT
-- > echo client URL AGENT FROM TO
module Main (main) where

import Control.Exception (IOException, SomeException, catch, try)
import Control.Monad (forM_, forever)
import qualified Network.WebSockets as WS
import System.Environment (getArgs)
import System.Timeout (timeout)

options :: WS.ConnectionOptions
options = WS.defaultConnectionOptions
  { WS.connectionCompressionOptions = WS.PermessageDeflateCompression WS.defaultPermessageDeflate
  , WS.connectionStrictUnicode = True
  }

echo :: WS.ClientApp ()
echo connection = forever (WS.receiveDataMessage connection >>= WS.sendDataMessage connection)
  `catch` \(_ :: WS.ConnectionException) -> return ()

serve :: String -> Int -> IO ()
serve host port = WS.runServerWithOptions
  WS.defaultServerOptions {WS.serverHost = host, WS.serverPort = port, WS.serverConnectionOptions = options}
  (\request -> WS.acceptRequest request >>= echo)

play :: String -> Int -> String -> IO ()
play host port path = do
  _ :: Either SomeException (Maybe ()) <-
    try (timeout 120000000 (WS.runClientWith host port path options [] echo))
  return ()

main :: IO ()
main = do
  arguments <- getArgs
  case arguments of
    ["server", host, port] -> serve host (read port)
    ["client", url, agent, from, to] -> do
      let (host, port) = break (== ':') (drop (length "ws://") url)
      forM_ [read from .. read to :: Int] $ \number ->
        play host (read (drop 1 port)) ("/runCase?case=" ++ show number ++ "&agent=" ++ agent)
    _ -> fail "echo server HOST PORT, or echo client URL AGENT FROM TO"
