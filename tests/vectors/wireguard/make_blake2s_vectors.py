# SPDX-License-Identifier: MIT
"""Writes blake2s.txt: hashes, keyed macs of 16 octets and HMACs by Python's hashlib and hmac."""
import hashlib
import hmac
import pathlib

lines = []
for length in (0, 1, 3, 31, 32, 37, 63, 64, 65, 127, 128, 129, 148, 255):
    data = bytes((7 * i + length) % 256 for i in range(length))
    key = bytes((11 * i + length) % 256 for i in range(32))
    lines.append(f"hash - {data.hex() or '-'} {hashlib.blake2s(data).hexdigest()}")
    for size in (16, 32):
        lines.append(f"mac {key[:size].hex()} {data.hex() or '-'} "
                     f"{hashlib.blake2s(data, key=key[:size], digest_size=16).hexdigest()}")
    for long_key in (key, key * 2, key * 3):
        lines.append(f"hmac {long_key.hex()} {data.hex() or '-'} "
                     f"{hmac.new(long_key, data, hashlib.blake2s).hexdigest()}")
pathlib.Path(__file__).with_name("blake2s.txt").write_text("\n".join(lines) + "\n", encoding="ascii")
