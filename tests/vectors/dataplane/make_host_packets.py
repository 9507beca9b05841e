#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes host_packets.txt: IP packets between a host and the other end of its tunnel."""
from scapy.all import (ICMP, ICMPv6DestUnreach, ICMPv6EchoReply, ICMPv6EchoRequest, ICMPv6ND_RA, ICMPv6PacketTooBig,
                       IP, TCP, UDP, IPv6, raw)


def packets(number, ip, us, other):
    def out(payload):
        return ip(src=us, dst=other) / payload

    def back(payload):
        return ip(src=other, dst=us) / payload

    begun = out(TCP(sport=40000, dport=4222, flags="S", seq=1))
    asked = out(UDP(sport=40001, dport=53) / b"question")
    ping, pong = (ICMP(id=7, seq=1), ICMP(type=0, id=7, seq=1)) if ip is IP else \
        (ICMPv6EchoRequest(id=7, seq=1), ICMPv6EchoReply(id=7, seq=1))

    def error(about):
        repeated = raw(about)
        return back(ICMP(type=3, code=3) / repeated[:28] if ip is IP else ICMPv6DestUnreach(code=4) / repeated)

    yield from ((name + number, packet) for name, packet in {
        "tcp": begun, "tcp_answer": back(TCP(sport=4222, dport=40000, flags="SA", seq=9, ack=2)),
        "tcp_error": error(begun), "tcp_metrics": back(TCP(sport=50000, dport=9464, flags="S", seq=5)),
        "tcp_metrics_answer": out(TCP(sport=9464, dport=50000, flags="SA", seq=5)),
        "tcp_metrics_error": error(out(TCP(sport=9464, dport=50000, flags="SA", seq=5))),
        "tcp_ssh": back(TCP(sport=50000, dport=22, flags="S", seq=5)),
        "udp": asked, "udp_answer": back(UDP(sport=53, dport=40001) / b"answer"), "udp_error": error(asked),
        "ping": out(ping), "ping_answer": back(pong), "ping_error": error(out(ping)),
        "too_big": back(ICMP(type=3, code=4, nexthopmtu=1300) / raw(begun)[:28] if ip is IP else
                        ICMPv6PacketTooBig(mtu=1300) / raw(begun)),
        "pinged": back(ping),
        "rerouted": back(ICMP(type=5, code=1, gw=other) / raw(begun)[:28] if ip is IP else ICMPv6ND_RA()),
        "foreign": ip(src=other[:-1] + "8", dst=other) / UDP(sport=40001, dport=53) / b"question"}.items())


with open("host_packets.txt", "w", encoding="ascii") as file:
    for one in (*packets("4", IP, "10.77.0.1", "10.77.0.7"), *packets("6", IPv6, "fd77::1", "fd77::7"),
                ("fragment4", IP(src="10.77.0.7", dst="10.77.0.1", flags="MF", proto=17) / (b"\0" * 64)),
                ("gre4", IP(src="10.77.0.7", dst="10.77.0.1", proto=47) / (b"\0" * 64))):
        print(one[0], raw(one[1]).hex(), file=file)
