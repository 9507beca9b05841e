// SPDX-License-Identifier: MIT
#include "framing/frame_builder.h"

#include "dsp/fec/crc.h"
#include "framing/aos.h"
#include "framing/space_packet.h"
#include "framing/tm.h"

#include <algorithm>
#include <cassert>

namespace landfall::framing {

namespace {

constexpr std::size_t ocf_octets = 4;
constexpr std::size_t fecf_octets = 2;
constexpr std::size_t m_pdu_header_octets = 2;

void put(std::span<std::uint8_t> out, std::uint64_t value) noexcept {
    for (std::size_t i = out.size(); i-- > 0; value >>= 8U) {
        out[i] = static_cast<std::uint8_t>(value);
    }
}

} // namespace

std::uint8_t idle_sequence::next_octet() noexcept {
    const auto octet = static_cast<std::uint8_t>(state_ >> 24U);
    for (int i = 0; i < 8; ++i) {
        // a[n+32] = a[n+31] ^ a[n+30] ^ a[n+10] ^ a[n]; a[n] is the top bit.
        const std::uint32_t next = state_ ^ state_ >> 1U ^ state_ >> 21U ^ state_ >> 31U;
        state_ = state_ << 1U | (next & 1U);
    }
    return octet;
}

frame_builder::frame_builder(const frame_builder_parameters& parameters) : parameters_(parameters) {
    assert(parameters.format == frame_format::tm || parameters.format == frame_format::aos);
    assert(parameters.frame_octets >= 24 && parameters.frame_octets <= 2048);
}

std::size_t frame_builder::packet_octets() const noexcept {
    const bool aos = parameters_.format == frame_format::aos;
    const std::size_t header =
        aos ? aos_header_octets + m_pdu_header_octets + parameters_.insert_zone_octets +
                  (parameters_.aos_header_error_control ? aos_header_error_control_octets : 0U)
            : tm_header_octets;
    const std::size_t trailer =
        (parameters_.ocf ? ocf_octets : 0U) + (parameters_.fecf ? fecf_octets : 0U);
    return parameters_.frame_octets - header - trailer;
}

bool frame_builder::push_packet(base::octets packet) {
    if (queued_octets() + packet.size() > most_queued_octets) {
        return false;
    }
    if (sent_ > most_queued_octets) {
        queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(sent_));
        for (std::size_t& start : starts_) {
            start -= sent_;
        }
        sent_ = 0;
    }
    starts_.push_back(queue_.size());
    queue_.insert(queue_.end(), packet.begin(), packet.end());
    return true;
}

/// Appends an idle packet of `octets`, or the shortest one when that is longer.
void frame_builder::pad_queue(std::size_t octets) {
    const std::size_t size = std::max(octets, smallest_space_packet_octets);
    std::vector<std::uint8_t> fill(size - space_packet_header_octets);
    std::generate(fill.begin(), fill.end(), [this] { return idle_.next_octet(); });
    space_packet_header header;
    header.apid = idle_apid;
    header.sequence_count = idle_packet_count_++;
    starts_.push_back(queue_.size());
    append_space_packet(queue_, header, fill);
}

/// Fills the zone and returns the first header pointer.
std::uint16_t frame_builder::fill_packets(std::span<std::uint8_t> zone) {
    if (queued_octets() == 0) {
        std::generate(zone.begin(), zone.end(), [this] { return idle_.next_octet(); });
        return pointer_only_idle;
    }
    if (queued_octets() < zone.size()) {
        pad_queue(zone.size() - queued_octets());
    }
    const std::size_t end = sent_ + zone.size();
    std::uint16_t pointer = pointer_no_packet;
    if (!starts_.empty() && starts_.front() < end) {
        pointer = static_cast<std::uint16_t>(starts_.front() - sent_);
    }
    while (!starts_.empty() && starts_.front() < end) {
        starts_.pop_front();
    }
    std::copy_n(queue_.begin() + static_cast<std::ptrdiff_t>(sent_), zone.size(), zone.begin());
    sent_ = end;
    if (sent_ == queue_.size()) {
        queue_.clear();
        sent_ = 0;
    }
    return pointer;
}

void frame_builder::write_tm_header(std::span<std::uint8_t> out, std::uint16_t pointer,
                                    std::uint8_t master_count) {
    const unsigned spacecraft_id = parameters_.spacecraft_id;
    const unsigned vcid = parameters_.vcid;
    put(out.first(2), spacecraft_id << 4U | vcid << 1U | (parameters_.ocf ? 1U : 0U));
    out[2] = master_count;
    out[3] = static_cast<std::uint8_t>(count_++);
    put(out.subspan(4, 2), 0x1800U | pointer);
}

void frame_builder::write_aos_header(std::span<std::uint8_t> out, std::uint16_t pointer) {
    const bool to_fill_channel = pointer == pointer_only_idle && parameters_.aos_fill_channel;
    const std::uint8_t vcid = to_fill_channel ? only_idle_vcid : parameters_.vcid;
    std::uint32_t& count = to_fill_channel ? fill_count_ : count_;
    const unsigned spacecraft_id = parameters_.spacecraft_id;
    put(out.first(2), 0x4000U | spacecraft_id << 6U | vcid);
    put(out.subspan(2, 3), count++);
    out[5] = 0;
    std::size_t octets = aos_header_octets;
    if (parameters_.aos_header_error_control) {
        put(out.subspan(octets, 2), aos_header_error_control(out));
        octets += aos_header_error_control_octets;
    }
    std::ranges::fill(out.subspan(octets, parameters_.insert_zone_octets), std::uint8_t{0});
    octets += parameters_.insert_zone_octets;
    put(out.subspan(octets, m_pdu_header_octets), pointer);
}

void frame_builder::next_frame(std::span<std::uint8_t> out) {
    next_frame(out, master_count_++);
}

void frame_builder::next_frame(std::span<std::uint8_t> out, std::uint8_t master_count) {
    assert(out.size() == parameters_.frame_octets);
    std::size_t trailer = out.size();
    if (parameters_.fecf) {
        trailer -= fecf_octets;
    }
    const std::size_t fecf_at = trailer;
    if (parameters_.ocf) {
        trailer -= ocf_octets;
        put(out.subspan(trailer, ocf_octets), *parameters_.ocf);
    }
    const std::size_t zone_octets = packet_octets();
    const std::uint16_t pointer = fill_packets(out.subspan(trailer - zone_octets, zone_octets));
    if (parameters_.format == frame_format::aos) {
        write_aos_header(out, pointer);
    } else {
        write_tm_header(out, pointer, master_count);
    }
    if (parameters_.fecf) {
        put(out.subspan(fecf_at, fecf_octets), fec::crc16(out.first(fecf_at)));
    }
}

} // namespace landfall::framing
