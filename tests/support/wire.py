"""Carries frames between two interfaces, as a network does: late, not all of them, and with a filter on the way.

usage: wire.py INSIDE OUTSIDE

Passes ARP, and TCP over IPv4. Connections can begin at INSIDE only: a SYN without ACK that comes from OUTSIDE is dropped.
Each line of standard input sets both ways of the wire: DELAY_MS LOSS_PERCENT. Says `ready`, and then `set` for each line.
Ends with its standard input.
"""

import collections
import random
import selectors
import socket
import sys
import time

ETH_P_ALL = 3
SOL_PACKET, PACKET_VNET_HDR, PACKET_IGNORE_OUTGOING = 263, 15, 23
# The header of virtio-net says which checksums are not computed yet and what is still to be cut into segments.
VNET_HEADER = 10
LARGEST = VNET_HEADER + 14 + 65536
FIN_SYN_RST_ACK, SYN = 0x16, 0x02


def interface(name):
    opened = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    opened.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
    opened.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
    opened.bind((name, 0))
    opened.setblocking(False)
    return opened


def passes(frame, from_outside):
    packet = frame[VNET_HEADER:]
    kind = packet[12:14]
    if kind == b"\x08\x06":
        return True
    if kind != b"\x08\x00" or packet[23] != socket.IPPROTO_TCP:
        return False
    flags = packet[14 + (packet[14] & 15) * 4 + 13]
    return not (from_outside and flags & FIN_SYN_RST_ACK == SYN)


def main():
    inside, outside = interface(sys.argv[1]), interface(sys.argv[2])
    others = {inside: outside, outside: inside}
    delay, loss = 0.0, 0.0
    under_way = collections.deque()
    ready = selectors.DefaultSelector()
    for each in (inside, outside, sys.stdin):
        ready.register(each, selectors.EVENT_READ)
    print("ready", flush=True)
    while True:
        wait = max(0.0, under_way[0][0] - time.monotonic()) if under_way else None
        for key, _ in ready.select(wait):
            if key.fileobj is sys.stdin:
                line = sys.stdin.readline()
                if line == "":
                    return
                delay, loss = (float(word) for word in line.split())
                delay /= 1000
                print("set", flush=True)
                continue
            try:
                while True:
                    frame = key.fileobj.recv(LARGEST)
                    if not passes(frame, key.fileobj is outside) or random.random() * 100 < loss:
                        continue
                    under_way.append((time.monotonic() + delay, others[key.fileobj], frame))
            except BlockingIOError:
                pass
        while under_way and under_way[0][0] <= time.monotonic():
            _, to, frame = under_way.popleft()
            try:
                to.send(frame)
            except OSError:
                pass  # As a queue that is full.


main()
