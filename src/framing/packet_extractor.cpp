// SPDX-License-Identifier: MIT
#include "framing/packet_extractor.h"

#include <algorithm>

namespace landfall::framing {

namespace {

/// The whole length of the packet that begins `data`; empty while its header is incomplete.
std::expected<std::optional<std::size_t>, packet_loss> packet_length(base::octets data) noexcept {
    if (data.empty()) {
        return std::nullopt;
    }
    if (data[0] >> 5U == 0) {
        if (data.size() < space_packet_header_octets) {
            return std::nullopt;
        }
        return base::byte_reader(data.subspan(4)).u16() + smallest_space_packet_octets;
    }
    const auto length = encapsulation_length(data);
    if (!length) {
        return std::unexpected(length.error() == packet_error::unknown_version
                                   ? packet_loss::unknown_version
                                   : packet_loss::bad_length);
    }
    if (!*length) {
        return std::nullopt;
    }
    if (**length > largest_packet_octets) {
        return std::unexpected(packet_loss::too_long);
    }
    return static_cast<std::size_t>(**length);
}

bool is_padding(base::octets rest) noexcept {
    return rest.size() >= space_packet_header_octets &&
           std::all_of(rest.begin(), rest.end(), [](std::uint8_t octet) { return octet == 0; });
}

bool is_idle(base::octets packet) noexcept {
    if (packet[0] >> 5U == 0) {
        return (base::byte_reader(packet).u16() & idle_apid) == idle_apid;
    }
    return (packet[0] >> 2U & 0x7U) == 0;
}

} // namespace

const char* name(packet_loss loss) noexcept {
    switch (loss) {
    case packet_loss::gap:
        return "gap";
    case packet_loss::pointer_mismatch:
        return "pointer_mismatch";
    case packet_loss::pointer_out_of_range:
        return "pointer_out_of_range";
    case packet_loss::unknown_version:
        return "unknown_version";
    case packet_loss::bad_length:
        return "bad_length";
    case packet_loss::too_long:
        return "too_long";
    }
    return "unknown";
}

void packet_extractor::lose(packet_loss loss) noexcept {
    ++counters_.lost[static_cast<std::size_t>(loss)];
    partial_.clear();
    synchronized_ = false;
}

void packet_extractor::deliver(base::octets packet, const arrival& began, packet_sink sink) {
    if (is_idle(packet)) {
        ++counters_.idle_packets;
        return;
    }
    ++counters_.packets;
    sink(packet, began);
}

void packet_extractor::interrupt() noexcept {
    if (!partial_.empty()) {
        lose(packet_loss::gap);
    }
    synchronized_ = false;
}

void packet_extractor::push(const packet_zone& zone, packet_sink sink) {
    const std::size_t head_octets = zone.first_header.value_or(zone.data.size());
    if (head_octets > zone.data.size() ||
        (zone.first_header.has_value() && head_octets == zone.data.size())) {
        lose(packet_loss::pointer_out_of_range);
        return;
    }
    if (synchronized_ && !complete_partial(zone, sink)) {
        lose(packet_loss::pointer_mismatch);
    }
    if (zone.first_header.has_value()) {
        extract(zone.data.subspan(head_octets), zone.frame_arrival, sink);
    }
}

/// The octets before the first header finish the partial packet exactly, or, when no packet starts
/// here, do not run past it. False when the pointer says otherwise.
bool packet_extractor::complete_partial(const packet_zone& zone, packet_sink sink) {
    const bool packet_starts = zone.first_header.has_value();
    const base::octets head = zone.data.first(zone.first_header.value_or(zone.data.size()));
    if (partial_.empty()) {
        return packet_starts ? head.empty() : zone.data.empty();
    }
    // The partial packet may lack part of its header, which is at most 8 octets: look at those.
    const std::size_t before = partial_.size();
    const std::size_t peek =
        before < largest_encapsulation_header_octets
            ? std::min(head.size(), largest_encapsulation_header_octets - before)
            : 0;
    const auto append = [this](base::octets more) {
        partial_.insert(partial_.end(), more.begin(), more.end());
    };
    append(head.first(peek));
    const auto length = packet_length(partial_);
    if (!length) {
        lose(length.error());
        return true;
    }
    const std::size_t available = before + head.size();
    if (*length && **length <= available) {
        if (**length != available) {
            return false;
        }
        append(head.subspan(peek));
        deliver(partial_, partial_began_, sink);
        partial_.clear();
        return true;
    }
    append(head.subspan(peek));
    return !packet_starts;
}

void packet_extractor::extract(base::octets data, const arrival& frame_arrival, packet_sink sink) {
    synchronized_ = true;
    partial_.clear();
    while (!data.empty()) {
        if (is_padding(data)) {
            ++counters_.padded_zones;
            synchronized_ = false;
            return;
        }
        const auto length = packet_length(data);
        if (!length) {
            lose(length.error());
            return;
        }
        if (!*length || **length > data.size()) {
            partial_.assign(data.begin(), data.end());
            partial_began_ = frame_arrival;
            return;
        }
        deliver(data.first(**length), frame_arrival, sink);
        data = data.subspan(**length);
    }
}

} // namespace landfall::framing
