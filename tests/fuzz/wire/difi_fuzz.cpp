// SPDX-License-Identifier: MIT
// Any octets as a DIFI datagram: parsed or refused, and what is parsed is in bounds.
#include "wire/difi.h"
#include "wire/samples.h"

#include <cstdlib>

using namespace landfall;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto packet = wire::parse_difi({data, size});
    if (!packet) {
        return wire::name(packet.error()) == nullptr ? 1 : 0;
    }
    if (packet->header.kind == wire::packet_kind::data) {
        if (packet->payload.empty() || packet->payload.data() < data ||
            packet->payload.data() + packet->payload.size() > data + size) {
            std::abort();
        }
        for (unsigned bits = wire::min_sample_bits; bits <= wire::max_sample_bits; ++bits) {
            const auto count =
                wire::samples_in_payload(packet->payload.size(), packet->header.pad_bits, bits);
            if (count) {
                std::vector<base::cf32> samples(*count);
                if (wire::unpack_iq(packet->payload, bits, samples) > *count) {
                    std::abort();
                }
            }
        }
    }
    if (packet->context.format && (packet->context.format->bits < wire::min_sample_bits ||
                                   packet->context.format->bits > wire::max_sample_bits)) {
        std::abort();
    }
    if (const auto time = packet->header.time(1e6);
        time && (time->picoseconds < 0 || time->picoseconds >= base::picoseconds_per_second)) {
        std::abort();
    }
    return 0;
}
