// SPDX-License-Identifier: MIT
#include "delivery/spool/segment.h"

#include "wire/pcapng.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <cstdio>

namespace landfall::delivery {
namespace {

std::string interface_name(const segment_channel& channel) {
    std::array<char, 32> place{};
    const int length = std::snprintf(place.data(), place.size(), ".sc%03u.vc%02u",
                                     channel.spacecraft_id, channel.vcid);
    return channel.carrier + std::string(place.data(), static_cast<std::size_t>(length)) +
           (channel.as == content::packets ? ".packets" : "");
}

std::string comment_of(const record& what) {
    std::string text = "sequence=" + std::to_string(what.sequence);
    text.append(" quality=").append(what.corrected ? "corrected" : "clean");
    if (what.es_n0_db && std::isfinite(*what.es_n0_db)) {
        std::array<char, 24> number{};
        const double bounded = std::clamp(*what.es_n0_db, -99.0, 99.0);
        static_cast<void>(std::snprintf(number.data(), number.size(), "%.2f", bounded));
        text.append(" es_n0_db=").append(number.data());
    }
    if (what.missing > 0) {
        text.append(" missing=").append(std::to_string(what.missing));
    }
    text.append(what.fill ? " fill" : "").append(what.time_known ? "" : " time=unknown");
    return text;
}

base::timestamp whole_nanoseconds(const base::timestamp& time) noexcept {
    return {time.seconds, time.picoseconds / 1000 * 1000};
}

} // namespace

segment_builder::segment_builder(segment_config config, crypto::randomness random)
    : config_(std::move(config)), sealer_(config_.recipients, std::move(random)) {
    summary_.gateway = config_.gateway.substr(0, most_name_octets);
    summary_.tenant = config_.tenant.substr(0, most_name_octets);
    summary_.priority = std::min(config_.priority, highest_priority);
    for (std::string& name : config_.carriers) {
        name.resize(std::min(name.size(), most_name_octets));
    }
}

void segment_builder::set_contact(std::string contact) {
    assert(empty());
    contact.resize(std::min(contact.size(), most_contact_octets));
    summary_.contact = std::move(contact);
}

void segment_builder::begin() {
    // Recipients of low order were refused when they were read.
    const bool ready = sealer_.begin();
    assert(ready);
    static_cast<void>(ready);
    begun_ = true;
    timed_ = false;
    summary_.octets = 0;
    summary_.channels.clear();
    payload_.clear();
    payload_.reserve(config_.most_octets);
    blocks_.clear();
    wire::append_section(blocks_);
    sealer_.write(blocks_, payload_);
}

std::size_t segment_builder::channel_of(const record& what) {
    assert(what.carrier < config_.carriers.size());
    const std::string& carrier = config_.carriers[what.carrier];
    const auto at = std::ranges::find_if(summary_.channels, [&](const segment_channel& one) {
        return one.vcid == what.vcid && one.spacecraft_id == what.spacecraft_id &&
               one.as == what.as && one.carrier == carrier;
    });
    return static_cast<std::size_t>(at - summary_.channels.begin());
}

add_result segment_builder::add(const record& what, std::int64_t now_ns) {
    if (!begun_) {
        begin();
    }
    const add_result no_room = empty() ? add_result::too_long : add_result::full;
    const std::size_t channel = channel_of(what);
    const bool is_new = channel == summary_.channels.size();
    if (is_new && channel == most_segment_channels) {
        return no_room;
    }
    blocks_.clear();
    if (is_new) {
        summary_.channels.push_back(
            {config_.carriers[what.carrier], what.spacecraft_id, what.vcid, what.as, 0});
        wire::append_interface(blocks_, interface_name(summary_.channels.back()),
                               what.as == content::frames ? wire::link_number::transfer_frames
                                                          : wire::link_number::space_packets);
    }
    const std::string comment = comment_of(what);
    const bool timed = what.time_known && what.receive_time.seconds >= 0;
    wire::append_packet(blocks_, static_cast<std::uint32_t>(channel),
                        timed ? what.receive_time : base::timestamp{}, what.octets,
                        {.comment = comment, .packet_id = what.sequence});
    const std::size_t header = sealer_.header_octets(most_summary_octets(summary_));
    if (header + sealer_.payload_octets(blocks_.size()) > config_.most_octets) {
        if (is_new) {
            summary_.channels.pop_back();
        }
        return no_room;
    }
    if (empty()) {
        opened_ns_ = now_ns;
    }
    sealer_.write(blocks_, payload_);
    crypto::wipe(blocks_.data(), blocks_.size());
    count(what, channel);
    return add_result::added;
}

void segment_builder::count(const record& what, std::size_t channel) {
    ++summary_.channels[channel].frames;
    ++summary_.frames;
    summary_.octets += what.octets.size();
    if (!what.time_known) {
        return;
    }
    const base::timestamp time = whole_nanoseconds(what.receive_time);
    summary_.first = timed_ ? std::min(summary_.first, time) : time;
    summary_.last = timed_ ? std::max(summary_.last, time) : time;
    timed_ = true;
}

std::optional<std::int64_t> segment_builder::due_ns() const noexcept {
    return empty() ? std::nullopt : std::optional(opened_ns_ + config_.most_age_ns);
}

sealed_segment segment_builder::close() {
    assert(!empty());
    sealer_.finish(payload_);
    const std::string header = sealer_.header(write_summary(summary_));
    sealed_segment made;
    payload_.insert(payload_.begin(), header.begin(), header.end());
    made.octets = std::move(payload_);
    made.digest = crypto::sha256({made.octets});
    assert(made.octets.size() <= config_.most_octets);
    made.summary = summary_;
    summary_.frames = 0;
    summary_.first = summary_.last = {};
    begun_ = false;
    payload_ = {};
    return made;
}

} // namespace landfall::delivery
