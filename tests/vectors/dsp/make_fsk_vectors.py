#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes the FSK and GMSK signals of this folder with GNU Radio 3.10's modulators and channel model.

usage: make_fsk_vectors.py FOLDER
"""
import math
import pathlib
import random
import struct
import sys

from gnuradio import analog, blocks, channels, digital, filter, gr
from gnuradio.filter import firdes

SYMBOLS = 4000


def packed(bits):
    return bytes(int("".join(map(str, bits[i:i + 8])), 2) for i in range(0, len(bits), 8))


def run(bits, modulator, sps, es_n0_db, offset, ppm, audio):
    """offset: of the symbol rate; ppm: of the symbol clock."""
    top = gr.top_block()
    source = blocks.vector_source_b(bits, False)
    noise = math.sqrt(sps / 10 ** (es_n0_db / 10))
    channel = channels.channel_model(noise, offset / sps, 1 + ppm * 1e-6, [1.0], 7)
    if audio:
        stages = [channel, filter.fir_filter_ccf(1, firdes.low_pass(1, sps, 0.8, 0.4)),
                  analog.quadrature_demod_cf(1.0), filter.fir_filter_fff(1, firdes.low_pass(1, sps, 0.9, 0.3))]
        sink = blocks.vector_sink_f()
    else:
        stages = [channel]
        sink = blocks.vector_sink_c()
    top.connect(source, *modulator, *stages, sink)
    top.run()
    return sink.data()


def pack_then_gmsk(sps, bt):
    return [blocks.pack_k_bits_bb(8), digital.gmsk_mod(samples_per_symbol=sps, bt=bt)]


def cpm(index, sps, kind, length, beta):
    return [blocks.char_to_float(), blocks.multiply_const_ff(2.0), blocks.add_const_ff(-1.0),
            blocks.float_to_char(), digital.cpmmod_bc(kind, index, sps, length, beta)]


def main():
    folder = pathlib.Path(sys.argv[1])
    cases = {
        "gmsk_bt50_h050": (lambda: pack_then_gmsk(4, 0.5), 4, 9.0, 0.08, 30, False),
        "gmsk_bt30_h050": (lambda: pack_then_gmsk(4, 0.3), 4, 10.0, -0.12, -50, False),
        "fsk_h070": (lambda: cpm(0.7, 4, analog.cpm.LREC, 1, 0.3), 4, 9.0, 0.2, 20, False),
        "gfsk_bt50_h100": (lambda: cpm(1.0, 4, analog.cpm.GAUSSIAN, 4, 0.5), 4, 12.0, -0.1, -20, False),
        "fm_audio_bt50_h070": (lambda: cpm(0.7, 4, analog.cpm.GAUSSIAN, 4, 0.5), 4, 14.0, 0.05, 60, True),
    }
    for number, (name, (modulator, sps, es_n0_db, offset, ppm, audio)) in enumerate(cases.items()):
        generator = random.Random(number + 1)
        bits = [generator.getrandbits(1) for _ in range(SYMBOLS)]
        samples = run(bits, modulator(), sps, es_n0_db, offset, ppm, audio)
        values = samples if audio else [part for z in samples for part in (z.real, z.imag)]
        scale = 127 / max(map(abs, values))
        octets = [round(value * scale) for value in values]
        (folder / (name + (".i8" if audio else ".ci8"))).write_bytes(struct.pack(f"{len(octets)}b", *octets))
        (folder / (name + ".bits")).write_bytes(packed(bits))


if __name__ == "__main__":
    main()
