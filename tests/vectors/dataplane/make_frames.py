#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes frames.txt: "name hex" a line, made by scapy. usage: make_frames.py > frames.txt"""
from scapy.all import (ARP, Dot1Q, Ether, ICMP, ICMPv6EchoReply, ICMPv6EchoRequest, ICMPv6ND_NA, ICMPv6ND_NS,
                       ICMPv6NDOptDstLLAddr, ICMPv6NDOptSrcLLAddr, IP, IPOption_Router_Alert, IPv6,
                       IPv6ExtHdrDestOpt, IPv6ExtHdrFragment, IPv6ExtHdrHopByHop, IPv6ExtHdrRouting, PadN, Raw, TCP,
                       UDP)

US, PEER, OTHER = "02:00:00:00:00:10", "02:00:00:00:00:01", "02:00:00:00:00:77"
US4, PEER4 = "192.0.2.10", "192.0.2.1"
US6, PEER6, LOCAL6, PEERLOCAL6 = "2001:db8::10", "2001:db8::1", "fe80::ff:fe00:10", "fe80::ff:fe00:1"
GROUP6, GROUP = "ff02::1:ff00:10", "33:33:ff:00:00:10"
PAYLOAD = bytes.fromhex("18600008 00001001 006a621e 00000000".replace(" ", "")) + bytes(range(16))

to_us = Ether(dst=US, src=PEER)
from_us = Ether(dst=PEER, src=US)
v4 = IP(src=PEER4, dst=US4, id=0, flags="DF")
v6 = IPv6(src=PEER6, dst=US6)
udp = UDP(sport=40000, dport=4991)
frames = {
    "arp_request": Ether(dst="ff:ff:ff:ff:ff:ff", src=PEER) /
        ARP(op=1, hwsrc=PEER, psrc=PEER4, hwdst="00:00:00:00:00:00", pdst=US4) / Raw(bytes(18)),
    "arp_request_answer": from_us / ARP(op=2, hwsrc=US, psrc=US4, hwdst=PEER, pdst=PEER4),
    "arp_query": Ether(dst="ff:ff:ff:ff:ff:ff", src=US) /
        ARP(op=1, hwsrc=US, psrc=US4, hwdst="00:00:00:00:00:00", pdst=PEER4),
    "arp_query_unicast": from_us / ARP(op=1, hwsrc=US, psrc=US4, hwdst="00:00:00:00:00:00", pdst=PEER4),
    "arp_reply": to_us / ARP(op=2, hwsrc=PEER, psrc=PEER4, hwdst=US, pdst=US4),
    "arp_reply_elsewhere": Ether(dst=US, src=OTHER) / ARP(op=2, hwsrc=OTHER, psrc=PEER4, hwdst=US, pdst=US4),
    "arp_announcement": Ether(dst="ff:ff:ff:ff:ff:ff", src=US) /
        ARP(op=1, hwsrc=US, psrc=US4, hwdst="00:00:00:00:00:00", pdst=US4),
    "arp_gratuitous_elsewhere": Ether(dst="ff:ff:ff:ff:ff:ff", src=OTHER) /
        ARP(op=1, hwsrc=OTHER, psrc=PEER4, hwdst="00:00:00:00:00:00", pdst=PEER4),
    "arp_spoof": Ether(dst="ff:ff:ff:ff:ff:ff", src=OTHER) /
        ARP(op=1, hwsrc=OTHER, psrc=US4, hwdst="00:00:00:00:00:00", pdst=US4),
    "arp_for_other": Ether(dst="ff:ff:ff:ff:ff:ff", src=PEER) /
        ARP(op=1, hwsrc=PEER, psrc=PEER4, hwdst="00:00:00:00:00:00", pdst="192.0.2.99"),
    "arp_group_sender": to_us / ARP(op=2, hwsrc="01:00:5e:00:00:01", psrc=PEER4, hwdst=US, pdst=US4),
    "ns": Ether(dst=GROUP, src=PEER) / IPv6(src=PEER6, dst=GROUP6, hlim=255) / ICMPv6ND_NS(tgt=US6) /
        ICMPv6NDOptSrcLLAddr(lladdr=PEER),
    "ns_answer": from_us / IPv6(src=US6, dst=PEER6, hlim=255) / ICMPv6ND_NA(tgt=US6, R=0, S=1, O=1) /
        ICMPv6NDOptDstLLAddr(lladdr=US),
    "ns_link_local": Ether(dst=US, src=PEER) / IPv6(src=PEERLOCAL6, dst=LOCAL6, hlim=255) / ICMPv6ND_NS(tgt=LOCAL6),
    "ns_link_local_answer": from_us / IPv6(src=LOCAL6, dst=PEERLOCAL6, hlim=255) /
        ICMPv6ND_NA(tgt=LOCAL6, R=0, S=1, O=1) / ICMPv6NDOptDstLLAddr(lladdr=US),
    "ns_detection": Ether(dst=GROUP, src=PEER) / IPv6(src="::", dst=GROUP6, hlim=255) / ICMPv6ND_NS(tgt=US6),
    "ns_detection_answer": Ether(dst="33:33:00:00:00:01", src=US) / IPv6(src=US6, dst="ff02::1", hlim=255) /
        ICMPv6ND_NA(tgt=US6, R=0, S=0, O=1) / ICMPv6NDOptDstLLAddr(lladdr=US),
    "ns_routed": Ether(dst=GROUP, src=PEER) / IPv6(src=PEER6, dst=GROUP6, hlim=254) / ICMPv6ND_NS(tgt=US6) /
        ICMPv6NDOptSrcLLAddr(lladdr=PEER),
    "ns_query": Ether(dst="33:33:ff:00:00:01", src=US) / IPv6(src=US6, dst="ff02::1:ff00:1", hlim=255) /
        ICMPv6ND_NS(tgt=PEER6) / ICMPv6NDOptSrcLLAddr(lladdr=US),
    "na": to_us / IPv6(src=PEER6, dst=US6, hlim=255) / ICMPv6ND_NA(tgt=PEER6, R=0, S=1, O=1) /
        ICMPv6NDOptDstLLAddr(lladdr=PEER),
    "na_spoof": Ether(dst=US, src=OTHER) / IPv6(src=PEER6, dst=US6, hlim=255) / ICMPv6ND_NA(tgt=US6, S=0, O=1) /
        ICMPv6NDOptDstLLAddr(lladdr=OTHER),
    "na_announcement": Ether(dst="33:33:00:00:00:01", src=US) / IPv6(src=US6, dst="ff02::1", hlim=255) /
        ICMPv6ND_NA(tgt=US6, R=0, S=0, O=1) / ICMPv6NDOptDstLLAddr(lladdr=US),
    "echo4": to_us / IP(src=PEER4, dst=US4, id=0x1234, flags="DF", tos=4) / ICMP(id=7, seq=1) / Raw(bytes(range(56))),
    "echo4_answer": from_us / IP(src=US4, dst=PEER4, id=0, flags="DF") / ICMP(type=0, id=7, seq=1) /
        Raw(bytes(range(56))),
    "echo6": to_us / v6 / ICMPv6EchoRequest(id=7, seq=1, data=bytes(range(57))),
    "echo6_answer": from_us / IPv6(src=US6, dst=PEER6) / ICMPv6EchoReply(id=7, seq=1, data=bytes(range(57))),
    "unreachable4": to_us / v4 / ICMP(type=3, code=3) / Raw(bytes(28)),
    "udp4": to_us / v4 / udp / Raw(PAYLOAD),
    "udp4_padded": to_us / v4 / udp / Raw(bytes(8)) / Raw(b""),
    "udp4_options": to_us / IP(src=PEER4, dst=US4, options=[IPOption_Router_Alert()]) / udp / Raw(PAYLOAD),
    "udp4_fragment": to_us / IP(src=PEER4, dst=US4, flags="MF") / udp / Raw(PAYLOAD),
    "udp4_vlan": to_us / Dot1Q(vlan=100, prio=3) / v4 / udp / Raw(PAYLOAD),
    "udp4_from_us": from_us / IP(src=US4, dst=PEER4, id=0, flags="DF") /
        UDP(sport=4991, dport=40000, chksum=0) / Raw(PAYLOAD),
    "udp6": to_us / v6 / udp / Raw(PAYLOAD),
    "udp6_extensions": to_us / v6 / IPv6ExtHdrHopByHop(options=[PadN(optdata=bytes(4))]) /
        IPv6ExtHdrRouting(segleft=0, addresses=[PEER6]) / IPv6ExtHdrDestOpt(options=[PadN(optdata=bytes(4))]) /
        udp / Raw(PAYLOAD),
    "udp6_fragment": to_us / v6 / IPv6ExtHdrFragment(m=1) / udp / Raw(PAYLOAD),
    "udp6_from_us": from_us / IPv6(src=US6, dst=PEER6) / UDP(sport=4991, dport=40000) / Raw(PAYLOAD),
    "udp6_from_us_vlan": from_us / Dot1Q(vlan=100) / IPv6(src=US6, dst=PEER6) / UDP(sport=4991, dport=40000) /
        Raw(PAYLOAD + b"\x01"),
    "tcp4": to_us / v4 / TCP(dport=80),
}
for name, frame in frames.items():
    print(name, bytes(frame).hex())
