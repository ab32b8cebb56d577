#!/usr/bin/env python3
"""Starts the health check of one account by a NATS request and prints the alert that it leads to.

    python3 health_check.py acme-corp [tenant]

Needs Python 3.8 and nothing else: NATS is lines of text over a socket. A service of yours would use the package nats-py.
The server is NATS_URL (nats://user:password@host:port); without it, that of a platform running in this folder, whose
address is in .agent-platform/nats.json. Exits 0 with the alert, 1 when the request was refused, 2 when the check ended
without an alert.
"""
import json
import os
import socket
import sys
import time
import uuid
from urllib.parse import unquote, urlsplit


class Refused(Exception):
    """A request was answered with an error; `code` is one of the platform's."""

    def __init__(self, code, message):
        super().__init__(f"{code}: {message}")
        self.code = code


class Nats:
    """As much of the protocol as a requester and subscriber needs."""

    def __init__(self, url, timeout):
        address = urlsplit(url)
        self.socket = socket.create_connection((address.hostname, address.port or 4222), timeout)
        self.lines = self.socket.makefile("rb")
        self.line()  # INFO
        options = {"verbose": False, "pedantic": False, "headers": True, "no_responders": True, "lang": "python"}
        if address.username and address.password is not None:
            options.update(user=unquote(address.username), **{"pass": unquote(address.password)})
        elif address.username:
            options.update(auth_token=unquote(address.username))
        self.send(f"CONNECT {json.dumps(options)}\r\nPING\r\n")
        while self.line() != "PONG":
            pass
        self.inbox = f"_INBOX.{uuid.uuid4().hex}"
        self.subscribe(f"{self.inbox}.*", 1)
        self.waiting = []

    def send(self, text, body=b"", end=""):
        self.socket.sendall(text.encode() + body + end.encode())

    def line(self):
        line = self.lines.readline().decode().rstrip("\r\n")
        if line.startswith("-ERR") or not line:
            raise ConnectionError(line or "the server closed the connection")
        return line

    def subscribe(self, subject, sid):
        self.send(f"SUB {subject} {sid}\r\n")

    def receive(self):
        """The next message: subject, headers by lower-case name, body."""
        while True:
            verb, _, rest = self.line().partition(" ")
            if verb == "PING":
                self.send("PONG\r\n")
            if verb not in ("MSG", "HMSG"):
                continue
            parts = rest.split()
            total = int(parts[-1])
            size = int(parts[-2]) if verb == "HMSG" else 0
            data = self.lines.read(total + 2)[:-2]
            status, *fields = data[:size].decode().strip().split("\r\n") if size else [""]
            headers = {key.lower(): value.strip() for key, _, value in (field.partition(":") for field in fields)}
            if status.startswith("NATS/1.0 503"):
                headers["nats-service-error-code"] = "no responders"
            return parts[0], headers, data[size:]

    def request(self, subject, value):
        """The JSON of the reply; other messages that come meanwhile wait for `take`."""
        reply = f"{self.inbox}.{uuid.uuid4().hex}"
        body = json.dumps(value).encode()
        self.send(f"PUB {subject} {reply} {len(body)}\r\n", body, "\r\n")
        while True:
            message = self.receive()
            if message[0] != reply:
                self.waiting.append(message)
                continue
            _, headers, data = message
            code = headers.get("nats-service-error-code")
            if code:
                raise Refused(code, headers.get("nats-service-error", f"nobody serves {subject}"))
            return json.loads(data)

    def take(self):
        """The messages that came so far, without waiting for more."""
        taken, self.waiting = self.waiting, []
        return taken


def server_url():
    if "NATS_URL" in os.environ:
        return os.environ["NATS_URL"]
    with open(".agent-platform/nats.json", encoding="utf-8") as file:
        return json.load(file)["url"]


def state_of(nats, tenant, run):
    """Where a run stands; one that was accepted a moment ago may not be on record yet."""
    try:
        return nats.request(f"api.{tenant}.runs.get", {"run": run})["state"]
    except Refused as refused:
        if refused.code == "run.unknown":
            return "accepted"
        raise


def main(account="acme-corp", tenant="sample"):
    nats = Nats(server_url(), timeout=60)
    # Subscribe first: an alert may come before the answer does.
    nats.subscribe(f"csm_alerts.{tenant}.>", 2)
    started = nats.request(f"api.{tenant}.health_checks.start", {"account_id": account})
    if started["unknown"]:
        print(f"the data has no account {account}", file=sys.stderr)
        return 1
    runs = [each["run"] for each in started["accepted"] + started["running"]]
    for run in runs:
        print(f"{account}: {run}", file=sys.stderr)
    while True:
        # An alert is sent before its run ends: whoever sees the end has received the alert.
        states = [state_of(nats, tenant, run) for run in runs]
        for subject, headers, data in nats.take():
            alert = json.loads(data)
            if alert["run"] in runs:
                # Attributes of a CloudEvent are percent-encoded in their headers.
                event_id = unquote(headers.get("ce-id", ""))
                print(json.dumps({"subject": subject, "id": event_id, "data": alert}, indent=2))
                return 0
        if all(state not in ("accepted", "running") for state in states):
            print(f"no alert: {', '.join(states)}", file=sys.stderr)
            return 2
        time.sleep(0.2)


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:3]))
    except (Refused, OSError) as error:
        print(error, file=sys.stderr)
        sys.exit(1)
