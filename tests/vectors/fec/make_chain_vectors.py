#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes chain.txt: transfer frames and their channel bits, straight from the definitions of
CCSDS 131.0-B. Shares no code, table or method with dsp/fec: the dual basis comes from the trace,
Reed-Solomon from long division by the product of its roots, the convolutional code from its shift
register. Standard library only, deterministic."""

import itertools
import random

# GF(256), x^8 + x^7 + x^2 + x + 1, elements as polynomials.


def multiply(a, b):
    product = 0
    for i in range(8):
        if b >> i & 1:
            product ^= a << i
    for i in range(14, 7, -1):
        if product >> i & 1:
            product ^= 0x187 << (i - 8)
    return product


def power(a, n):
    result = 1
    for _ in range(n % 255):
        result = multiply(result, a)
    return result


def trace(a):
    total = 0
    for _ in range(8):
        total ^= a
        a = multiply(a, a)
    assert total in (0, 1)
    return total


ALPHA = 2
BETA = power(ALPHA, 117)
TO_DUAL = [
    sum(trace(multiply(u, power(BETA, i))) << (7 - i) for i in range(8)) for u in range(256)
]
FROM_DUAL = {z: u for u, z in enumerate(TO_DUAL)}


def generator(e):
    poly = [1]  # highest degree first
    for j in range(128 - e, 128 + e):
        root = power(ALPHA, 11 * j)
        shifted = poly + [0]
        scaled = [0] + [multiply(root, c) for c in poly]
        poly = [a ^ b for a, b in zip(shifted, scaled)]
    return poly


def parity(data, e):
    gen = generator(e)
    rest = list(data) + [0] * (2 * e)
    for i in range(len(data)):
        factor = rest[i]
        for k, c in enumerate(gen):
            rest[i + k] ^= multiply(factor, c)
    return rest[-2 * e:]


def reed_solomon(frame, e, dual, interleave):
    parities = []
    for first in range(interleave):
        data = list(frame[first::interleave])
        if dual:
            data = [FROM_DUAL[z] for z in data]
        check = parity(data, e)  # leading zeros (virtual fill) change nothing
        parities.append([TO_DUAL[u] for u in check] if dual else check)
    return bytes(frame) + bytes(itertools.chain.from_iterable(zip(*parities)))


def sequence(kind, octets):
    if kind == "255":
        bits = [1] * 8
        while len(bits) < 8 * octets:
            bits.append(bits[-1] ^ bits[-3] ^ bits[-5] ^ bits[-8])
    elif kind == "131071":
        bits = [int(c) for c in reversed("11000111000111000")]
        while len(bits) < 8 * octets:
            bits.append(bits[-3] ^ bits[-17])
    else:
        bits = [0] * (8 * octets)
    return bytes(int("".join(map(str, bits[8 * i:8 * i + 8])), 2) for i in range(octets))


def added(a, b):
    return bytes(x ^ y for x, y in zip(a, b))


def bits_of(octets):
    return [octet >> (7 - i) & 1 for octet in octets for i in range(8)]


C1_TAPS = [int(c) for c in "1111001"]  # newest bit first
C2_TAPS = [int(c) for c in "1011011"]
PUNCTURE = {
    "1/2": ("1", "1"),
    "2/3": ("10", "11"),
    "3/4": ("101", "110"),
    "5/6": ("10101", "11010"),
    "7/8": ("1000101", "1111010"),
}


def convolve(bits, rate, c2_first, c2_inverted):
    if rate == "none":
        return list(bits)
    keep1, keep2 = PUNCTURE[rate]
    window = [0] * 7
    out = []
    for n, bit in enumerate(bits):
        window = [bit] + window[:-1]
        c1 = sum(t & w for t, w in zip(C1_TAPS, window)) % 2
        c2 = sum(t & w for t, w in zip(C2_TAPS, window)) % 2
        if c2_inverted:
            c2 ^= 1
        place = n % len(keep1)
        pair = [c1] if keep1[place] == "1" else []
        if keep2[place] == "1":
            pair = [c2] + pair if c2_first else pair + [c2]
        out += pair
    return out


def channel(frames, c):
    line = []
    for frame in frames:
        e = {"223": 16, "239": 8, "none": 0}[c["rs"]]
        length = len(frame) + 2 * e * (c["interleave"] if e else 0)
        pn = sequence(c["randomizer"], length)
        if c["derandomize"] == "after":
            frame = added(frame, pn)
        if e:
            frame = reed_solomon(frame, e, c["basis"] == "dual", c["interleave"])
        if c["derandomize"] == "before":
            frame = added(frame, pn)
        line += bits_of(bytes.fromhex(c["marker"]) + frame)
    lag = {"l": 0, "m": 1, "rail": c["rails"]}[c["nrz"]]
    if lag:
        sent = [0] * lag
        for bit in line:
            sent.append(bit ^ sent[-lag])
        line = sent[lag:]
    return convolve(line, c["rate"], c["order"] == "c2c1", c["inverted"] == "yes")


KEYS = ["rate", "order", "inverted", "nrz", "marker", "randomizer", "derandomize", "rs", "basis",
        "interleave", "octets", "rails"]
CASES = [
    ("1/2", "c1c2", "yes", "l", "1acffc1d", "255", "before", "223", "dual", 1, 40, 2),
    ("1/2", "c2c1", "no", "m", "1acffc1d", "255", "before", "223", "conventional", 2, 46, 1),
    ("1/2", "c2c1", "yes", "l", "1acffc1d", "131071", "before", "239", "dual", 5, 60, 2),
    ("2/3", "c1c2", "no", "m", "1acffc1d", "255", "after", "223", "dual", 4, 48, 2),
    ("3/4", "c1c2", "no", "l", "1acffc1d", "255", "before", "223", "dual", 4, 40, 2),
    ("5/6", "c1c2", "no", "l", "1acffc1d", "131071", "after", "239", "conventional", 8, 64, 2),
    ("7/8", "c1c2", "no", "m", "034776c7272895b0", "none", "before", "239", "dual", 3, 60, 1),
    ("none", "c1c2", "no", "rail", "1acffc1d", "255", "before", "223", "dual", 4, 80, 2),
    ("none", "c1c2", "no", "m", "352ef853", "131071", "before", "none", "dual", 1, 70, 2),
    ("2/3", "c1c2", "yes", "l", "1acffc1d", "255", "before", "223", "dual", 1, 40, 2),
    ("3/4", "c1c2", "yes", "m", "1acffc1d", "255", "before", "223", "dual", 2, 46, 2),
    ("5/6", "c1c2", "yes", "l", "1acffc1d", "255", "before", "223", "dual", 4, 64, 2),
    ("7/8", "c1c2", "yes", "m", "1acffc1d", "255", "before", "223", "dual", 4, 64, 2),
    ("2/3", "c2c1", "yes", "m", "1acffc1d", "131071", "before", "239", "dual", 5, 60, 1),
    ("3/4", "c2c1", "yes", "l", "1acffc1d", "255", "before", "223", "conventional", 4, 48, 2),
    ("5/6", "c2c1", "yes", "m", "1acffc1d", "255", "after", "223", "dual", 4, 64, 2),
    ("7/8", "c2c1", "yes", "l", "1acffc1d", "255", "before", "223", "dual", 4, 64, 2),
]


def main():
    rng = random.Random(20)
    with open("chain.txt", "w", encoding="ascii") as out:
        out.write("# " + " ".join(KEYS) + "; then two frames and their channel bits, in hex\n")
        for case in CASES:
            c = dict(zip(KEYS, case))
            frames = [bytes(rng.randrange(256) for _ in range(c["octets"])) for _ in range(2)]
            bits = channel(frames, c)
            text = "".join(map(str, bits))
            text += "0" * (-len(text) % 8)
            packed = bytes(int(text[i:i + 8], 2) for i in range(0, len(text), 8))
            out.write(" ".join(map(str, case)) + "\n")
            for frame in frames:
                out.write(frame.hex() + "\n")
            out.write(f"{len(bits)} {packed.hex()}\n")


if __name__ == "__main__":
    assert [TO_DUAL[i] for i in range(4)] == [0x00, 0x7B, 0xAF, 0xD4]
    assert reed_solomon(bytes(range(223)), 16, True, 1)[223:].hex().startswith("4ffb92dd557ec67f")
    main()
