%% An echo server on Yaws: an appmod, so that it answers at any path, and the callback
%% module of its connections.
-module(echo).
-export([start/2, out/1, handle_message/1]).

start(Host, Port) ->
    {ok, Address} = inet:parse_address(Host),
    ok = yaws:start_embedded(".",
                             [{servername, Host}, {listen, Address}, {port, Port}, {appmods, [{"/", echo}]}],
                             [{logdir, os:getenv("LOGS")}, {auth_log, false}],
                             "echo").

out(_) ->
    {websocket, echo, [{max_frame_size, 64 bsl 20}, {max_message_size, 64 bsl 20}, {close_if_unmasked, true}]}.

handle_message({close, Status, Reason}) ->
    {close, {Status, Reason}};
handle_message({Type, Data}) ->
    {reply, {Type, Data}}.
