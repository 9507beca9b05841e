# SPDX-License-Identifier: MIT
"""A few words of the NATS protocol, for tests that look into a stream."""
import base64
import json
import socket


class client:
    """Connects from the namespace of the calling thread."""

    def __init__(self, port, address="127.0.0.1"):
        self.socket = socket.create_connection((address, port), timeout=10)
        self.file = self.socket.makefile("rb")
        self.file.readline()
        self.socket.sendall(b'CONNECT {"verbose":false,"headers":true,"no_responders":true}\r\nSUB answer.* 1\r\n')

    def request(self, subject, what=b""):
        """The payload of the answer."""
        self.socket.sendall(b"PUB %s answer.1 %d\r\n%s\r\n" % (subject.encode(), len(what), what))
        while True:
            words = self.file.readline().split()
            if words[:1] == [b"PING"]:
                self.socket.sendall(b"PONG\r\n")
            elif words[:1] == [b"MSG"]:
                return json.loads(self.file.read(int(words[-1]) + 2))
            elif words[:1] == [b"HMSG"]:
                self.file.read(int(words[-1]) + 2)
                return None

    def stored(self, stream):
        """[(subject, headers, data)] of every message of a stream."""
        state = self.request(f"$JS.API.STREAM.INFO.{stream}").get("state")
        found = []
        for number in range(state["first_seq"], state["last_seq"] + 1) if state and state["messages"] else ():
            answer = self.request(f"$JS.API.STREAM.MSG.GET.{stream}", json.dumps({"seq": number}).encode())
            found.append((answer["message"]["subject"], *unpack(answer["message"])))
        return found

    def close(self):
        self.file.close()
        self.socket.close()


def unpack(message):
    """(headers, data) of a stored message."""
    lines = base64.b64decode(message["hdrs"]).decode().split("\r\n")[1:]
    return dict(line.split(": ", 1) if ": " in line else line.split(":", 1) for line in lines if line), \
        base64.b64decode(message.get("data", ""))
