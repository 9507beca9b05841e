// SPDX-License-Identifier: MIT
// Frames of any octets through the parsers and the deframer. The input: one octet of parameters,
// then frames, each after two octets of length and flags.
#include "framing/clcw.h"
#include "framing/deframer.h"

#include <algorithm>
#include <cstdlib>

using namespace landfall;
using namespace landfall::framing;

namespace {

void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

/// `part` lies within `whole`; every octet is touched.
void require_within(base::octets part, base::octets whole) {
    if (!part.empty()) {
        require(part.data() >= whole.data() &&
                part.data() + part.size() <= whole.data() + whole.size());
    }
    unsigned sum = 0;
    for (const std::uint8_t octet : part) {
        sum += octet;
    }
    require(sum <= 255 * part.size());
}

void parse_all(base::octets frame, const frame_layout& layout) {
    if (const auto tm = parse_tm(frame, layout)) {
        require_within(tm->data, frame);
        require_within(tm->secondary_header, frame);
        parse_clcw(tm->ocf.value_or(0));
    }
    if (const auto aos = parse_aos(frame, layout)) {
        require_within(aos->data, frame);
        require_within(aos->insert_zone, frame);
        if (const auto unit = parse_b_pdu(aos->data)) {
            require_within(unit->bitstream, frame);
        }
    }
    if (const auto uslp = parse_uslp(frame, layout)) {
        require_within(uslp->data, frame);
        require_within(uslp->insert_zone, frame);
    }
}

frame_parameters parameters_from(std::uint8_t octet) {
    frame_parameters parameters;
    parameters.format = static_cast<frame_format>(octet % 5);
    parameters.fecf = static_cast<error_control>(octet / 5 % 3);
    parameters.aos_header_error_control = static_cast<error_control>(octet / 15 % 3);
    parameters.insert_zone_octets = octet / 45 % 3;
    parameters.aos_ocf = octet / 135 % 2 == 1;
    return parameters;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    base::byte_reader reader({data, size});
    const frame_parameters parameters = parameters_from(reader.u8());
    frame_layout layout;
    layout.insert_zone_octets = parameters.insert_zone_octets;
    layout.aos_ocf = parameters.aos_ocf;
    layout.aos_header_error_control = parameters.aos_header_error_control == error_control::present;

    deframer frames(parameters);
    std::uint64_t delivered = 0;
    std::uint64_t packets = 0;
    const auto on_frame = [&](const delivered_frame& frame) {
        ++delivered;
        require_within(frame.secondary_header, frame.octets);
    };
    const auto on_packet = [&](const delivered_packet& packet) {
        ++packets;
        require(!packet.octets.empty() && packet.octets.size() <= largest_packet_octets);
        require_within(packet.octets, packet.octets);
    };
    const deframer_sinks sinks{on_frame, on_packet};
    std::uint64_t pushed = 0;
    while (reader.remaining() > 2) {
        const std::uint16_t head = reader.u16();
        const base::octets frame =
            reader.take(std::min<std::size_t>(head & 0xFFFU, reader.remaining()));
        layout.fecf_octets = head >> 14U;
        parse_all(frame, layout);
        const arrival first_bit{{static_cast<std::int64_t>(pushed), 0}, (head & 0x1000U) != 0};
        frames.push({frame, first_bit, false, (head & 0x2000U) != 0}, sinks);
        ++pushed;
    }
    frames.finish(sinks);
    require(frames.totals().good + frames.totals().fill == delivered);
    require(frames.totals().bad + delivered == pushed);
    require(frames.totals().packets == packets);
    return 0;
}
