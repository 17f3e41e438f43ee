#!/usr/bin/env python3
"""What tshark and Python's zlib read in a capture with HTTP/2: the golden files of TestTables and
TestHTTP2Captures. It shares nothing with the decoder under test.

usage: http2.py CAPTURE.pcapng [tshark options, as -d tcp.port==7801,http2]
writes CAPTURE.{frames,messages,heads}.tsv
"""
import hashlib, json, struct, subprocess, sys, zlib

capture, options = sys.argv[1], sys.argv[2:]
packets = json.loads(
    subprocess.run(["tshark", "-r", capture, "-Y", "http2", "-T", "json", *options], capture_output=True, check=True).stdout,
    object_pairs_hook=lambda pairs: pairs)


def get(pairs, name):
    return next((v for k, v in pairs if k == name), None)


def every(pairs, name):
    return [v for k, v in pairs if k == name]


def deep(pairs, name):
    """The first value with this name anywhere below."""
    for k, v in pairs:
        if k == name:
            return v
        if isinstance(v, list):
            found = deep(v, name) if v and isinstance(v[0], (list, tuple)) else None
            if found is not None:
                return found
    return None


CODES = ["NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT", "STREAM_CLOSED",
         "FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR", "CONNECT_ERROR", "ENHANCE_YOUR_CALM"]
OPCODES = {0: "cont", 1: "text", 2: "binary", 8: "close", 9: "ping", 10: "pong"}

client = {}   # tcp stream: the client's port
data = {}     # (tcp stream, stream, dir): bytes
heads = {}    # the same: rows
sockets = {}  # (tcp stream, stream): whether the response was 2xx
deflate = set()

for p in packets:
    layers = get(get(p, "_source"), "layers")
    tcp, number = get(layers, "tcp"), get(get(layers, "frame"), "frame.number")
    connection, source = get(tcp, "tcp.stream"), get(tcp, "tcp.srcport")
    frames = []
    for layer in every(layers, "http2"):
        frames += every(layer, "http2.stream")
    for f in frames:
        if get(f, "http2.magic"):
            client[connection] = source
for p in packets:
    layers = get(get(p, "_source"), "layers")
    tcp, number = get(layers, "tcp"), get(get(layers, "frame"), "frame.number")
    connection, source = get(tcp, "tcp.stream"), get(tcp, "tcp.srcport")
    d = "c2s" if client[connection] == source else "s2c"
    for layer in every(layers, "http2"):
        for f in every(layer, "http2.stream"):
            if get(f, "http2.type") is None:
                continue
            kind, sid, flags = int(get(f, "http2.type")), int(get(f, "http2.streamid")), int(get(f, "http2.flags"), 16)
            at = (connection, sid, d)
            rows = heads.setdefault(at, [])
            if kind == 1:
                fields = [(get(h, "http2.header.name"), get(h, "http2.header.value") or "") for h in every(f, "http2.header")]
                if (":protocol", "websocket") in fields:
                    sockets[connection, sid] = None
                for name, value in fields:
                    rows.append((number, "field", name, value))
                    if name == ":status" and (connection, sid) in sockets:
                        sockets[connection, sid] = value.startswith("2")
                    if name == "sec-websocket-extensions" and d == "s2c":
                        assert value == "permessage-deflate", value
                        deflate.add((connection, sid))
            if kind == 0:
                data.setdefault(at, bytearray()).extend(bytes.fromhex((deep(f, "http2.data.data") or "").replace(":", "")))
            if kind in (0, 1) and flags & 1:
                rows.append((number, "end", "END_STREAM", ""))
            if kind == 3:
                rows.append((number, "end", "RST_STREAM", CODES[int(deep(f, "http2.rst_stream.error"))]))

base = capture.rsplit(".", 1)[0]
out = {k: open(f"{base}.{k}.tsv", "w") for k in ("frames", "messages", "heads")}
print("stream\tdir\tidx\toffset\tfin\trsv\topcode\tmask\tlen\tkey\tsha256_unmasked_payload\tclose", file=out["frames"])
print("stream\tdir\tidx\ttype\tcompressed\tfragments\twire_len\tlen\tsha256", file=out["messages"])
print("stream\tdir\tpacket\twhat\tname\tvalue", file=out["heads"])
for (connection, sid), opened in sorted(sockets.items(), key=lambda s: (int(s[0][0]), s[0][1])):
    for d in ("c2s", "s2c"):
        name = f"{connection}/{sid}\t{d}"
        for row in heads.get((connection, sid, d), []):
            print(name, *row, sep="\t", file=out["heads"])
        p, i, idx, mdx = bytes(data.get((connection, sid, d), b"")), 0, 0, 0
        inflate, message = zlib.decompressobj(-15), None
        while opened and i < len(p):
            idx, start = idx + 1, i
            b0, b1 = p[i], p[i + 1]
            i += 2
            n = b1 & 127
            if n == 126:
                n = struct.unpack(">H", p[i:i + 2])[0]
                i += 2
            elif n == 127:
                n = struct.unpack(">Q", p[i:i + 8])[0]
                i += 8
            key = b""
            if b1 & 128:
                key = p[i:i + 4]
                i += 4
            body = bytes(c ^ key[k % 4] for k, c in enumerate(p[i:i + n])) if key else p[i:i + n]
            i += n
            opcode, fin, rsv = b0 & 15, b0 >> 7, b0 >> 4 & 7
            closed = ""
            if opcode == 8:
                closed = f"{struct.unpack('>H', body[:2])[0]} {body[2:].decode()}" if body else "1005 "
            print(name, idx, start, fin, rsv, OPCODES[opcode], b1 >> 7, n, key.hex(), hashlib.sha256(body).hexdigest(), closed, sep="\t", file=out["frames"])
            if opcode >= 8:
                continue
            if opcode:
                message = [OPCODES[opcode], rsv >> 2 & ((connection, sid) in deflate), 0, b""]
            message[2] += 1
            message[3] += body
            if fin:
                mdx += 1
                kind, compressed, fragments, wire = message
                said = inflate.decompress(wire + b"\0\0\xff\xff") if compressed else wire
                print(name, mdx, kind, compressed, fragments, len(wire), len(said), hashlib.sha256(said).hexdigest(), sep="\t", file=out["messages"])
