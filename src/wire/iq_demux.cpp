// SPDX-License-Identifier: MIT
#include "wire/iq_demux.h"

namespace landfall::wire {

iq_demux::iq_demux(const iq_demux_config& config) : config_(config) {
    streams_.reserve(config_.max_streams);
}

std::expected<void, difi_error> iq_demux::push(base::octets datagram) {
    const auto packet = parse_difi(datagram);
    if (!packet) {
        ++counters_.invalid[static_cast<std::size_t>(packet.error())];
        return std::unexpected(packet.error());
    }
    const std::uint32_t id = packet->header.stream_id;
    iq_stream* stream = config_.stream_id && *config_.stream_id != id ? nullptr : stream_for(id);
    if (stream == nullptr) {
        ++counters_.packets;
        ++counters_.not_selected;
    } else {
        stream->push(*packet);
    }
    turn_ = 0;
    return {};
}

void iq_demux::flush() noexcept {
    for (const auto& stream : streams_) {
        stream->flush();
    }
    turn_ = 0;
}

bool iq_demux::next(iq_block& block) noexcept {
    for (; turn_ < streams_.size(); ++turn_) {
        if (streams_[turn_]->next(block)) {
            return true;
        }
    }
    return false;
}

iq_counters iq_demux::counters() const noexcept {
    iq_counters sum = counters_;
    for (const auto& stream : streams_) {
        sum.add(stream->counters());
    }
    return sum;
}

const iq_stream* iq_demux::find(std::uint32_t stream_id) const noexcept {
    for (const auto& stream : streams_) {
        if (stream->stream_id() == stream_id) {
            return stream.get();
        }
    }
    return nullptr;
}

iq_stream* iq_demux::stream_for(std::uint32_t stream_id) {
    for (const auto& stream : streams_) {
        if (stream->stream_id() == stream_id) {
            return stream.get();
        }
    }
    if (streams_.size() == config_.max_streams) {
        return nullptr;
    }
    iq_stream_config config = config_.stream;
    config.stream_id = stream_id;
    streams_.push_back(std::make_unique<iq_stream>(config));
    return streams_.back().get();
}

} // namespace landfall::wire
