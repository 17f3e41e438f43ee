"""What python3-websockets 14 moved: Debian 12 has an older one, Debian 13 a newer."""


def path(ws):
    return ws.path if hasattr(ws, "path") else ws.request.path


def response_headers(ws):
    return ws.response_headers if hasattr(ws, "response_headers") else ws.response.headers
