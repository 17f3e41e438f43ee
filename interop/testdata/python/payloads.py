"""The conversation every client script has with the echo server under test;
harness_test.go holds the same one."""

import hashlib


def letters(n):
    return "".join(chr(97 + i % 26) for i in range(n))


def pattern(n):
    return bytes((i * 31 + (i >> 8)) & 0xFF for i in range(n))


CONVERSATION = ["h\u00e9llo w\u00f6rld \u20ac \U0001F600", pattern(256), letters(200000), pattern(200000)]


def digest(message):
    text = isinstance(message, str)
    data = message.encode() if text else message
    return {
        "kind": "text" if text else "binary",
        "bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
    }
