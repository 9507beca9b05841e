#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Counts frames, gaps and packets of transfer frames back to back, independently of src/framing.

usage: count_frames.py FILE OCTETS_PER_FRAME tm|aos

Works on whole runs instead of frame by frame: it concatenates the packet zones of each run of
consecutive frame counts, starts at the run's first header and walks packet by packet to the end,
checking that every first header pointer falls on a packet boundary of the walk. Six zero octets
where a packet should begin are padding up to the next first header.
"""
import collections
import hashlib
import sys


def read_frame(frame, kind):
    """(spacecraft, channel, count, modulus, pointer, zone)"""
    word = int.from_bytes(frame[:2], "big")
    if kind == "tm":
        assert word >> 14 == 0
        status = int.from_bytes(frame[4:6], "big")
        start = 6 + (1 + (frame[6] & 63) if status >> 15 else 0)
        zone = frame[start : len(frame) - 4 * (word & 1)]
        return word >> 4 & 1023, word >> 1 & 7, frame[3], 256, status & 2047, zone
    assert word >> 14 == 1
    count = int.from_bytes(frame[2:5], "big")
    pointer = int.from_bytes(frame[6:8], "big") & 2047
    return word >> 6 & 255, word & 63, count, 1 << 24, pointer, frame[8:]


def walk(run, totals, digest):
    """run: [(pointer, zone)] of consecutive frames."""
    stream, headers = b"", []
    for pointer, zone in run:
        if pointer < 2046:
            headers.append(len(stream) + pointer)
        stream += zone
    if not headers:
        return
    at, starts = headers[0], set()
    while at + 6 <= len(stream):
        if stream[at : at + 6] == bytes(6):  # padding: go on at the next header
            totals["padded"] += 1
            later = [header for header in headers if header > at]
            if not later:
                return
            assert not any(stream[at : later[0]])
            at = later[0]
            headers = [header for header in headers if header >= at]
            continue
        assert stream[at] >> 5 == 0, "not a space packet"
        starts.add(at)
        size = int.from_bytes(stream[at + 4 : at + 6], "big") + 7
        if at + size > len(stream):
            break
        idle = int.from_bytes(stream[at : at + 2], "big") & 2047 == 2047
        totals["idle_packets" if idle else "packets"] += 1
        if not idle:
            digest.update(stream[at : at + size])
            totals["octets"] += size
        at += size
    if at < len(stream):
        starts.add(at)
        totals["cut_packets"] += 1
    assert set(h for h in headers if stream[h : h + 6] != bytes(6)) <= starts


def main():
    data, size, kind = open(sys.argv[1], "rb").read(), int(sys.argv[2]), sys.argv[3]
    assert len(data) % size == 0
    channels = collections.OrderedDict()
    for at in range(0, len(data), size):
        scid, vcid, *rest = read_frame(data[at : at + size], kind)
        channels.setdefault((scid, vcid), []).append(rest)
    for (scid, vcid), frames in channels.items():
        totals, digest, run, last = collections.Counter(), hashlib.sha256(), [], None
        for count, modulus, pointer, zone in frames:
            gap = 0 if last is None else (count - last - 1) % modulus
            if gap:
                if modulus > 256 and gap > modulus // 2:
                    totals["restarts"] += 1
                else:
                    totals["missing"] += gap
                walk(run, totals, digest)
                run = []
            totals["fill" if pointer == 2046 else "frames"] += 1
            if pointer != 2046:
                run.append((pointer, zone))
            last = count
        walk(run, totals, digest)
        print(scid, vcid, dict(sorted(totals.items())), digest.hexdigest()[:16])


main()
