// SPDX-License-Identifier: MIT
// A made-up capture: link type, then records of a 16-bit length and a frame. A length with its
// highest bit set is of a bare datagram, so that the stream is reached without a valid frame.
#include "wire/ethernet.h"
#include "wire/iq_demux.h"

#include <cmath>
#include <cstdlib>

using namespace landfall;

namespace {

void demand(bool holds) {
    if (!holds) {
        std::abort();
    }
}

std::uint64_t drain(wire::iq_demux& demux) {
    std::uint64_t samples = 0;
    wire::iq_block block;
    while (demux.next(block)) {
        demand(!block.samples.empty());
        demand(block.sample_rate_hz > 0);
        demand(block.time.picoseconds >= 0 &&
               block.time.picoseconds < base::picoseconds_per_second);
        for (const base::cf32 sample : block.samples) {
            demand(std::abs(sample.real()) <= 1 && std::abs(sample.imag()) <= 1);
        }
        samples += block.samples.size();
    }
    return samples;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    base::byte_reader reader({data, size});
    const auto link = static_cast<wire::link_type>(reader.u8() % 5);
    wire::iq_demux_config config;
    config.max_streams = 3;
    config.stream.max_held_packets = 8;
    config.stream.max_held_octets = 2048;
    config.stream.max_payload_octets = 1024;
    config.stream.block_samples = reader.u8();
    wire::iq_demux demux(config);
    std::uint64_t samples = 0;
    while (reader.remaining() >= 2) {
        const std::uint16_t head = reader.u16();
        const std::size_t length = std::min<std::size_t>(head & 0x7FFFU, reader.remaining());
        const base::octets record = reader.take(length);
        if ((head & 0x8000U) != 0) {
            static_cast<void>(demux.push(record));
        } else if (const auto datagram = wire::parse_frame(link, record)) {
            static_cast<void>(demux.push(datagram->payload));
        }
        samples += drain(demux);
    }
    demux.flush();
    samples += drain(demux);
    demand(samples == demux.counters().samples);
    return 0;
}
