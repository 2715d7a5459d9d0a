#!/usr/bin/env python3
"""Talks like images/chromium's script runner; each script is one word that says what to do."""
import os
import struct
import sys
import time


def send(kind: str, payload: bytes = b"") -> None:
    os.write(1, kind.encode() + struct.pack("<I", len(payload)) + payload)


def run(word: str) -> None:
    if word not in ("syntax", "unreachable"):
        send("b")
    if word == "pid":
        send("r", str(os.getpid()).encode())
    elif word == "url":
        send("r", f'"{sys.argv[1]}"'.encode())
    elif word == "print":
        send("o", b"out")
        send("e", b"err")
    elif word == "flood":
        for _ in range(600):
            send("o", b"x" * 1024)
    elif word == "throw":
        send("n", b"TypeError")
        send("m", b"no such thing")
        send("s", b"at script:1")
    elif word == "syntax":
        send("p", b"SyntaxError: Unexpected end (line 1)")
    elif word == "unreachable":
        send("u", b"connect ECONNREFUSED")
    elif word == "hang":
        send("o", b"before")
        time.sleep(3600)
    elif word == "die":
        print("out of memory", file=sys.stderr)
        sys.exit(3)
    elif word == "garbage":
        os.write(1, b"this is no frame")
        time.sleep(3600)
    elif word == "latin1":
        send("r", b'"\xff"')


while True:
    head = sys.stdin.buffer.read(4)
    if not head:
        break
    run(sys.stdin.buffer.read(struct.unpack("<I", head)[0]).decode())
    send("d")
